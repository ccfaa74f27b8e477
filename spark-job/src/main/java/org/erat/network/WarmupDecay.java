package org.erat.network;

import java.util.Objects;
import org.erat.config.TrainingSettings.Decay;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Learning rate that rises linearly from 0 to its peak over the warm-up, then falls to 0 at the last step along a line
 * or half a cosine, or stays.
 */
public final class WarmupDecay implements ISchedule {
    private double peak;
    private long warmupSteps;
    private long totalSteps;
    private Decay decay;

    /** For deserialization. */
    public WarmupDecay() {}

    /**
     * A schedule over a run.
     *
     * @param peak learning rate at the end of the warm-up
     * @param warmupSteps steps of the warm-up, 0 for none
     * @param totalSteps T
     */
    public WarmupDecay(double peak, long warmupSteps, long totalSteps, Decay decay) {
        this.peak = peak;
        this.warmupSteps = warmupSteps;
        this.totalSteps = totalSteps;
        this.decay = decay;
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
        if (iteration < warmupSteps) {
            return peak * (iteration + 1) / warmupSteps;
        }
        double progress = Math.min(1.0, (double) (iteration - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
        return switch (decay) {
            case LINEAR -> peak * (1 - progress);
            case COSINE -> peak * 0.5 * (1 + Math.cos(Math.PI * progress));
            case CONSTANT -> peak;
        };
    }

    @Override
    public ISchedule clone() {
        return new WarmupDecay(peak, warmupSteps, totalSteps, decay);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WarmupDecay that
                && peak == that.peak
                && warmupSteps == that.warmupSteps
                && totalSteps == that.totalSteps
                && decay == that.decay;
    }

    @Override
    public int hashCode() {
        return Objects.hash(peak, warmupSteps, totalSteps, decay);
    }
}
