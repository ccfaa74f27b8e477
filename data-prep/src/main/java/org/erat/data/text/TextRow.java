package org.erat.data.text;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.annotation.Nullable;

/**
 * One example before tokenization.
 *
 * @param texts the text, the text and a second one, or the words of a token classification
 * @param labels the label as the file writes it, of a token classification one per word, of an example with any number of
 *     labels all of them; null where there is none
 * @param kept columns of the row that are kept, by name, as {@link org.erat.data.JsonFields} has them; null where none are
 */
record TextRow(List<String> texts, List<String> labels, @Nullable Map<String, String> kept) {
    /** An example of which no other column is kept. */
    TextRow(List<String> texts, List<String> labels) {
        this(texts, labels, null);
    }

    /** The same with other labels. */
    TextRow withLabels(List<String> others) {
        return new TextRow(texts, others, kept);
    }

    /** The same with columns of the row. */
    TextRow keeping(@Nullable Map<String, String> columns) {
        return new TextRow(texts, labels, columns);
    }

    /**
     * An example with any number of labels.
     *
     * @param pair the second text, or null
     */
    static TextRow ofLabelSet(String text, String pair, List<String> labels) {
        return new TextRow(pair == null ? List.of(text) : List.of(text, pair), labels);
    }

    /**
     * An example with one label.
     *
     * @param pair the second text, or null
     * @param label null where there is none
     */
    static TextRow of(String text, String pair, String label) {
        return new TextRow(pair == null ? List.of(text) : List.of(text, pair), Collections.singletonList(label));
    }
}
