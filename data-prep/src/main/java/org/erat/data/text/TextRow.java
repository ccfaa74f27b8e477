package org.erat.data.text;

import java.util.Collections;
import java.util.List;

/**
 * One example before tokenization.
 *
 * @param texts the text, the text and a second one, or the words of a token classification
 * @param labels the label as the file writes it, of a token classification one per word; null where there is none
 */
record TextRow(List<String> texts, List<String> labels) {
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
