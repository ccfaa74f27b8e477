package org.erat.network;

import java.util.Objects;
import org.erat.compute.AdamW;
import org.erat.compute.HostValues;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * The rule of AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2) and its settings. Deeplearning4j's own Adam
 * adds epsilon before the bias correction, which for small gradients makes the first steps shorter, and takes the step
 * from the iteration, which is wrong where moments start anew in the middle of a run; so the rule is written here.
 */
abstract class AdamWRule implements IUpdater {
    private double learningRate;
    private ISchedule learningRateSchedule;
    private double beta1;
    private double beta2;
    private double epsilon;

    /** For deserialization. */
    AdamWRule() {}

    /**
     * @param schedule learning rate by iteration
     * @param beta1 decay of the first moments, in [0,1)
     * @param beta2 decay of the second moments, in [0,1)
     * @param epsilon added to the root of the second moments, above 0
     */
    AdamWRule(ISchedule schedule, double beta1, double beta2, double epsilon) {
        this.learningRate = schedule.valueAt(0, 0);
        this.learningRateSchedule = schedule;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
    }

    /** The rule as {@link org.erat.compute.Kernels} has it. */
    AdamW rule() {
        return new AdamW(beta1, beta2, epsilon);
    }

    /**
     * Moves the moments of a range and replaces its gradient by the direction m̂ / (√v̂ + ε).
     *
     * @param gradient values [from, from + length) are the range
     * @param state the first moment of value i is at i, the second one at {@code second} + i
     * @param step steps of this range, this one included, from 1
     */
    void direct(HostValues gradient, HostValues state, long from, long length, long second, double step) {
        int most = (int) Math.min(HostValues.RUN, length);
        double[] g = new double[most];
        double[] m = new double[most];
        double[] v = new double[most];
        for (long at = from; at < from + length; at += HostValues.RUN) {
            int run = (int) Math.min(HostValues.RUN, from + length - at);
            gradient.get(at, g, run);
            state.get(at, m, run);
            state.get(second + at, v, run);
            rule().direct(g, m, v, run, step);
            state.put(at, m, run);
            state.put(second + at, v, run);
            gradient.put(at, g, run);
        }
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return learningRateSchedule == null ? learningRate : learningRateSchedule.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    @Override
    public void setLrAndSchedule(double lr, ISchedule schedule) {
        this.learningRate = lr;
        this.learningRateSchedule = schedule;
    }

    @Override
    public AdamWRule clone() {
        try {
            return (AdamWRule) super.clone();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AdamWRule that
                && getClass() == that.getClass()
                && learningRate == that.learningRate
                && Objects.equals(learningRateSchedule, that.learningRateSchedule)
                && beta1 == that.beta1
                && beta2 == that.beta2
                && epsilon == that.epsilon;
    }

    @Override
    public int hashCode() {
        return Objects.hash(getClass(), learningRate, learningRateSchedule, beta1, beta2, epsilon);
    }
}
