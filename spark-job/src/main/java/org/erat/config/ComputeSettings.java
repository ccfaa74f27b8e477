package org.erat.config;

import java.io.Serializable;

/**
 * What a task computes with.
 *
 * @param backend implementation of the kernels
 * @param threads threads of one task
 * @param precision number format of the frozen model's weights and activations
 * @param weights how the frozen model's weights lie in memory
 * @param activations what training keeps of a forward pass
 */
public record ComputeSettings(
        BackendChoice backend, int threads, Precision precision, Weights weights, Activations activations)
        implements Serializable {
    public enum BackendChoice {
        /** oneDNN where the machine has it, else ND4J. */
        AUTO,
        ONEDNN,
        ND4J
    }

    public enum Precision {
        F32,
        BF16
    }

    public enum Weights {
        /** A copy for each direction of the products: faster. */
        PACKED,
        /** One copy: smaller. */
        PLAIN
    }

    public enum Activations {
        /** All that the backward pass needs. */
        KEPT,
        /** Each block's input; the rest is computed once more. */
        RECOMPUTED
    }
}
