package org.erat.training.round;

import org.erat.config.TrainingSettings;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.learner.LearningRate;
import org.erat.training.RoundState;
import org.erat.training.SharedValues;

/**
 * How a run is cut into rounds and how a round ends.
 *
 * @param epochs of the run
 * @param stepsPerEpoch local steps of the largest shard in one epoch
 * @param localSteps H, local steps of a round
 * @param outerLearningRate η of the outer step; 1 for plain averaging
 * @param outerMomentum Nesterov momentum of the outer step; 0 for none
 * @param keepsOptimizer whether optimizer state is averaged and kept; if not, every round starts it anew
 * @param averaging how the adapters of shards become one
 * @param learningRate for the reports
 */
public record RoundSettings(
        int epochs,
        int stepsPerEpoch,
        int localSteps,
        double outerLearningRate,
        double outerMomentum,
        boolean keepsOptimizer,
        Averaging averaging,
        LearningRate learningRate) {

    /** The rounds of a run. */
    public static RoundSettings of(TrainingSettings training, int stepsPerEpoch, LearningRate learningRate) {
        return new RoundSettings(
                training.epochs(),
                stepsPerEpoch,
                training.localSteps(),
                training.outerLearningRate(),
                training.outerMomentum(),
                training.optimizerState() == TrainingSettings.OptimizerState.AVERAGE,
                training.averaging(),
                learningRate);
    }

    /** The same with another learning rate in the reports. */
    public RoundSettings with(LearningRate rate) {
        return new RoundSettings(
                epochs, stepsPerEpoch, localSteps, outerLearningRate, outerMomentum, keepsOptimizer, averaging, rate);
    }

    /** Rounds of an epoch; the last one may be shorter. */
    public int roundsPerEpoch() {
        return (stepsPerEpoch + localSteps - 1) / localSteps;
    }

    /** Rounds of the run. */
    public int rounds() {
        return epochs * roundsPerEpoch();
    }

    /** T, local steps of the run. */
    public int totalSteps() {
        return epochs * stepsPerEpoch;
    }

    /** What the round after a state starts from. */
    public RoundState start(TrainingState state) {
        int epoch = state.round() / roundsPerEpoch();
        int skip = state.round() % roundsPerEpoch() * localSteps;
        return new RoundState(
                state.round(),
                epoch * stepsPerEpoch + skip,
                skip,
                Math.min(localSteps, stepsPerEpoch - skip),
                epoch,
                new SharedValues(state.parameters(), state.optimizer()));
    }
}
