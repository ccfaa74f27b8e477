package org.erat.data.tokenized;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.erat.data.UsageException;

/** What a label is. */
public enum TaskType {
    /** One class per example, of a fixed list. */
    CLASSIFICATION,
    /** One finite number per example. */
    REGRESSION,
    /** One class per word, of a fixed list: named entities, parts of speech. */
    TOKEN_CLASSIFICATION;

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

    /** Whether a label is one of a fixed list of classes, and not a number. */
    public boolean hasClasses() {
        return this != REGRESSION;
    }

    /** Whether the targets are aligned with the tokens, and not with the examples. */
    public boolean perToken() {
        return this == TOKEN_CLASSIFICATION;
    }

    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
