package org.erat.adapter;

/** A projection of a block that can carry an adapter. The order is that of the forward pass. */
public enum Target {
    QUERY("query", "attention.self.query"),
    KEY("key", "attention.self.key"),
    VALUE("value", "attention.self.value"),
    ATTENTION_OUTPUT("attention-output", "attention.output.dense"),
    INTERMEDIATE("intermediate", "intermediate.dense"),
    OUTPUT("output", "output.dense");

    private final String key;
    private final String module;

    Target(String key, String module) {
        this.key = key;
        this.module = module;
    }

    /** The target with this name in the configuration. */
    public static Target of(String key) {
        for (Target target : values()) {
            if (target.key.equals(key)) {
                return target;
            }
        }
        throw new IllegalArgumentException("No projection is called " + key);
    }

    /** Name in the configuration. */
    public String key() {
        return key;
    }

    /** Path of the projection inside a block, as Hugging Face names it. */
    public String module() {
        return module;
    }
}
