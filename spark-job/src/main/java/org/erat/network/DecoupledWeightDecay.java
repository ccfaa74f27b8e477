package org.erat.network;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The weight decay of AdamW (arXiv 1711.05101): each step also takes away the learning rate times the coefficient times
 * the value. It is no part of the loss, so it adds nothing to the score, unlike Deeplearning4j's own weight decay.
 */
public final class DecoupledWeightDecay implements Regularization {
    private final double coefficient;

    /** @param coefficient share of a value that a step of learning rate 1 takes away, above 0 */
    public DecoupledWeightDecay(@JsonProperty("coefficient") double coefficient) {
        this.coefficient = coefficient;
    }

    /** Share of a value that a step of learning rate 1 takes away. */
    public double getCoefficient() {
        return coefficient;
    }

    @Override
    public ApplyStep applyStep() {
        return ApplyStep.POST_UPDATER;
    }

    @Override
    public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
        gradView.addi(param.mul(lr * coefficient));
    }

    @Override
    public double score(INDArray param, int iteration, int epoch) {
        return 0;
    }

    @Override
    public Regularization clone() {
        // Immutable.
        return this;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DecoupledWeightDecay that && coefficient == that.coefficient;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(coefficient);
    }
}
