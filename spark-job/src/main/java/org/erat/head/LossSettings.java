package org.erat.head;

import java.io.Serializable;
import java.util.List;

/**
 * How the loss of a head in training differs from the plain one.
 *
 * @param labelSmoothing ε of a cross entropy, see {@link org.erat.compute.Losses#crossEntropy}, which of independent labels is
 *     that of two classes each; 0 for none
 * @param classWeights [C] factor of a target's loss and gradient, by its class; empty for 1. The mean loss divides by the
 *     number of targets and not by their weights, so that it is one of any part of a batch
 */
public record LossSettings(double labelSmoothing, List<Double> classWeights) implements Serializable {
    /** The plain loss. */
    public static final LossSettings PLAIN = new LossSettings(0, List.of());

    public LossSettings {
        classWeights = List.copyOf(classWeights);
    }

    /** The same with other weights of classes. */
    public LossSettings withClassWeights(List<Double> weights) {
        return new LossSettings(labelSmoothing, weights);
    }
}
