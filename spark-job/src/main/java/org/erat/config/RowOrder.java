package org.erat.config;

import com.fasterxml.jackson.annotation.JsonValue;

/** An order of an adapter's rows, of which rank b uses the first b. */
public enum RowOrder {
    /** As training left them, with the scale of width b. */
    TRAINED,
    /** By what they contribute to the product of B and A, with the scale of all rows at every rank. */
    CANONICAL,
    /** By what they contribute to the adapter's output over training examples, with the scale of all rows at every rank. */
    DATA_AWARE;

    /** Its name in configurations, on the command line and in files. */
    @JsonValue
    public String key() {
        return ValueType.hyphenated(this);
    }

    /** What people read: {@code as trained}, {@code canonical}, {@code data-aware}. */
    public String title() {
        return this == TRAINED ? "as trained" : key();
    }
}
