package org.erat.dl4j;

import java.util.Objects;
import org.erat.config.TrainingSettings.Decay;
import org.erat.learner.LearningRate;
import org.nd4j.linalg.schedule.ISchedule;

/** A {@link LearningRate} as Deeplearning4j's updaters take it. */
public final class LearningRateSchedule implements ISchedule {
    private double peak;
    private long warmupSteps;
    private long totalSteps;
    private Decay decay;

    /** For deserialization. */
    public LearningRateSchedule() {}

    LearningRateSchedule(LearningRate rate) {
        this.peak = rate.peak();
        this.warmupSteps = rate.warmupSteps();
        this.totalSteps = rate.totalSteps();
        this.decay = rate.decay();
    }

    private LearningRate rate() {
        return new LearningRate(peak, warmupSteps, totalSteps, decay);
    }

    public double getPeak() {
        return peak;
    }

    public void setPeak(double peak) {
        this.peak = peak;
    }

    public long getWarmupSteps() {
        return warmupSteps;
    }

    public void setWarmupSteps(long warmupSteps) {
        this.warmupSteps = warmupSteps;
    }

    public long getTotalSteps() {
        return totalSteps;
    }

    public void setTotalSteps(long totalSteps) {
        this.totalSteps = totalSteps;
    }

    public Decay getDecay() {
        return decay;
    }

    public void setDecay(Decay decay) {
        this.decay = decay;
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return rate().at(iteration);
    }

    @Override
    public ISchedule clone() {
        return new LearningRateSchedule(rate());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LearningRateSchedule that && rate().equals(that.rate());
    }

    @Override
    public int hashCode() {
        return Objects.hash(peak, warmupSteps, totalSteps, decay);
    }
}
