package org.erat.data.tokenized;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.erat.data.UsageException;

/** What a label is: one of a fixed list of classes, or a number. */
public enum TaskType {
    /** The label is the index of a class. */
    CLASSIFICATION,
    /** The label is a finite number. */
    REGRESSION;

    /** The type of this name, in lower case as commands and manifests write it. */
    @JsonCreator
    public static TaskType of(String name) {
        for (TaskType type : values()) {
            if (type.toString().equals(name)) {
                return type;
            }
        }
        throw new UsageException(
                String.format("'%s' is not a type of task: give 'classification' or 'regression'", name));
    }

    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
