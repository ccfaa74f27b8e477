package org.erat.learner;

import java.io.Serializable;
import org.erat.config.TrainingSettings;
import org.erat.config.TrainingSettings.Decay;

/**
 * Learning rate that rises linearly from 0 to its peak over the warm-up, then falls to 0 at the last step along a line or
 * half a cosine, or stays.
 *
 * @param peak learning rate at the end of the warm-up
 * @param warmupSteps steps of the warm-up, 0 for none
 * @param totalSteps T
 * @param decay course after the warm-up
 */
public record LearningRate(double peak, long warmupSteps, long totalSteps, Decay decay) implements Serializable {
    /** The learning rate of a run of so many local steps. */
    public static LearningRate of(TrainingSettings training, long totalSteps) {
        return new LearningRate(
                training.learningRate(), Math.round(training.warmupShare() * totalSteps), totalSteps, training.decay());
    }

    /**
     * The rate of a step.
     *
     * @param step local step of the run, from 0
     */
    public double at(long step) {
        if (step < warmupSteps) {
            return peak * (step + 1) / warmupSteps;
        }
        double progress = Math.min(1.0, (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
        return switch (decay) {
            case LINEAR -> peak * (1 - progress);
            case COSINE -> peak * 0.5 * (1 + Math.cos(Math.PI * progress));
            case CONSTANT -> peak;
        };
    }
}
