package org.erat.compute.cuda;

/**
 * What a product does to each of its sums s before it writes c. The auxiliary matrix has c's shape, dtype and distance
 * between columns.
 */
enum Epilogue {
    /** c = s. */
    NONE(""),
    /** c = s + bias. */
    BIAS(" with bias"),
    /** auxiliary = s + bias, c = GELU(s + bias) by tanh. */
    GELU(" with bias and GELU"),
    /** c = s · GELU′(auxiliary) by tanh. */
    GELU_BACKWARD(" through GELU");

    private final String words;

    Epilogue(String words) {
        this.words = words;
    }

    boolean hasBias() {
        return this == BIAS || this == GELU;
    }

    boolean hasAuxiliary() {
        return this == GELU || this == GELU_BACKWARD;
    }

    /** For messages, after what is multiplied. */
    @Override
    public String toString() {
        return words;
    }
}
