package org.erat.config;

import java.io.Serializable;

/**
 * What a task computes with.
 *
 * @param device what the mathematics runs on, and by which implementation
 * @param threads threads of one task
 * @param precision number format of the frozen model's weights and activations, and of products
 * @param weights how the frozen model's weights lie in memory
 * @param activations what training keeps of a forward pass
 */
public record ComputeSettings(
        DeviceChoice device, int threads, Precision precision, Weights weights, Activations activations)
        implements Serializable {
    /** The part of these settings that decides how base weights are laid out. */
    public ComputeSettings forWeights() {
        return new ComputeSettings(device, 1, precision, weights, Activations.KEPT);
    }

    public enum DeviceChoice {
        /** The GPU that Spark has assigned to the task where the job can compute on it, else the CPU. */
        AUTO,
        /** The CPU: oneDNN where it runs, else ND4J. */
        CPU,
        /** The GPU that Spark has assigned to the task, or an error. */
        CUDA,
        /** ND4J, on what it finds. */
        ND4J
    }

    public enum Weights {
        /** A copy for each direction of the products: faster. */
        PACKED,
        /** One copy: smaller. */
        PLAIN
    }
}
