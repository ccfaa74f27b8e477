package org.erat.data.architecture;

import java.util.Arrays;
import java.util.List;

/** A linear map of a block, each of which can carry an adapter. The order is that of the forward pass. */
public enum Projection {
    QUERY("query"),
    KEY("key"),
    VALUE("value"),
    ATTENTION_OUTPUT("attention-output"),
    /** From the width of the model to the gate of a gated feed-forward part. */
    GATE("gate"),
    /** From the width of the model to the inner width of the feed-forward part. */
    INTERMEDIATE("intermediate"),
    /** From the inner width of the feed-forward part back to the width of the model. */
    OUTPUT("output");

    private final String key;

    Projection(String key) {
        this.key = key;
    }

    /** Whether it belongs to the attention, and not to the feed-forward part. */
    public boolean isOfAttention() {
        return compareTo(ATTENTION_OUTPUT) <= 0;
    }

    /** Name in the configuration. */
    public String key() {
        return key;
    }

    /** The projection with this name in the configuration. */
    public static Projection of(String key) {
        return Arrays.stream(values())
                .filter(projection -> projection.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No projection is called " + key));
    }

    /** Names in the configuration, in order. */
    public static List<String> keys() {
        return Arrays.stream(values()).map(Projection::key).toList();
    }
}
