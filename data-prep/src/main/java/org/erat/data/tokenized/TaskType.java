package org.erat.data.tokenized;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.erat.data.UsageException;

/** What is predicted. */
public enum TaskType {
    /** One class per example, of a fixed list. */
    CLASSIFICATION,
    /** Any number of classes per example, of a fixed list. */
    MULTI_LABEL_CLASSIFICATION,
    /** One finite number per example. */
    REGRESSION,
    /** One class per word, of a fixed list: named entities, parts of speech. */
    TOKEN_CLASSIFICATION,
    /** The next token, of each token of a text or of its completion only. */
    LANGUAGE_MODELING;

    /** The type of this name, in lower case as commands and manifests write it. */
    @JsonCreator
    public static TaskType of(String name) {
        return Arrays.stream(values())
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException(String.format(
                        "'%s' is not a type of task: give one of %s",
                        name, Arrays.stream(values()).map(TaskType::toString).collect(Collectors.joining(", ")))));
    }

    /** Whether a label is one of a fixed list of classes that have names. */
    public boolean hasClasses() {
        return this == CLASSIFICATION || this == MULTI_LABEL_CLASSIFICATION || this == TOKEN_CLASSIFICATION;
    }

    /** Whether an example has any number of classes, or none. */
    public boolean hasLabelSets() {
        return this == MULTI_LABEL_CLASSIFICATION;
    }

    /** Whether the targets are aligned with the tokens, and not with the examples. */
    public boolean perToken() {
        return this == TOKEN_CLASSIFICATION || this == LANGUAGE_MODELING;
    }

    /** Whether an example is a list of words, each of which has a label. */
    public boolean hasWords() {
        return this == TOKEN_CLASSIFICATION;
    }

    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
