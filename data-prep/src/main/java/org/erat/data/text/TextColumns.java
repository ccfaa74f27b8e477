package org.erat.data.text;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which columns of a row are what. */
public sealed interface TextColumns {
    /** Columns of the texts, or of what else is tokenized. */
    List<String> texts();

    /** Column of the label, or of the labels of the words; null where there is none. */
    default String label() {
        return null;
    }

    /** Whether the rows say what is to be predicted. */
    boolean labelled();

    /** The columns by what they are, for the settings of a manifest. */
    Map<String, String> settings();

    /**
     * A text, or two, and a label.
     *
     * @param pair column of the second text, or null
     * @param label null where the rows have none
     */
    record OfText(String text, String pair, String label) implements TextColumns {
        @Override
        public List<String> texts() {
            return pair == null ? List.of(text) : List.of(text, pair);
        }

        @Override
        public boolean labelled() {
            return label != null;
        }

        @Override
        public Map<String, String> settings() {
            return named("text", text, "text-pair", pair, "label", label);
        }
    }

    /**
     * A text, or two, and any number of labels: a list, or one cell with a separator between them.
     *
     * @param pair column of the second text, or null
     * @param labels null where the rows have none
     * @param separator between labels in a cell of a format without lists
     */
    record OfLabelSet(String text, String pair, String labels, String separator) implements TextColumns {
        @Override
        public List<String> texts() {
            return pair == null ? List.of(text) : List.of(text, pair);
        }

        @Override
        public String label() {
            return labels;
        }

        @Override
        public boolean labelled() {
            return labels != null;
        }

        @Override
        public Map<String, String> settings() {
            return named("text", text, "text-pair", pair, "label", labels, "label-separator", separator);
        }

        /** The labels of a cell; none where it is blank. */
        List<String> split(String cell) {
            return LabelText.stripped(cell).isEmpty() ? List.of() : List.of(cell.split(Pattern.quote(separator), -1));
        }
    }

    /**
     * A list of words and a list of their labels.
     *
     * @param labels null where the rows have none
     */
    record OfWords(String words, String labels) implements TextColumns {
        @Override
        public List<String> texts() {
            return List.of(words);
        }

        @Override
        public String label() {
            return labels;
        }

        @Override
        public boolean labelled() {
            return labels != null;
        }

        @Override
        public Map<String, String> settings() {
            return named("text", words, "text-pair", null, "label", labels);
        }
    }

    /**
     * A prompt and the text that is to follow it.
     *
     * @param completion null where it is not known
     */
    record OfPrompt(String prompt, String completion) implements TextColumns {
        @Override
        public List<String> texts() {
            return Stream.of(prompt, completion).filter(Objects::nonNull).toList();
        }

        @Override
        public boolean labelled() {
            return completion != null;
        }

        @Override
        public Map<String, String> settings() {
            return named("prompt", prompt, "completion", completion);
        }
    }

    /** A conversation: a list of messages with {@code role} and {@code content}. */
    record OfMessages(String messages) implements TextColumns {
        @Override
        public List<String> texts() {
            return List.of(messages);
        }

        @Override
        public boolean labelled() {
            return true;
        }

        @Override
        public Map<String, String> settings() {
            return named("messages", messages);
        }
    }

    /** A text of which every token is predicted from those before it. */
    record OfPlainText(String text) implements TextColumns {
        @Override
        public List<String> texts() {
            return List.of(text);
        }

        @Override
        public boolean labelled() {
            return true;
        }

        @Override
        public Map<String, String> settings() {
            return named("text", text);
        }
    }

    private static Map<String, String> named(String... namesAndColumns) {
        Map<String, String> named = new LinkedHashMap<>();
        for (int i = 0; i < namesAndColumns.length; i += 2) {
            named.put(namesAndColumns[i], Objects.requireNonNullElse(namesAndColumns[i + 1], "none"));
        }
        return named;
    }
}
