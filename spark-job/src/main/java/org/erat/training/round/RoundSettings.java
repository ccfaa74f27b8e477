package org.erat.training.round;

import org.erat.config.TrainingSettings;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.learner.LearningRate;
import org.erat.learner.ParameterLayout;
import org.erat.training.Encoding;
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
 * @param optimizerState whether optimizer state is averaged and kept, and how; if not, every round starts it anew
 * @param transfer what shared values are rounded to on their way
 * @param averaging how the adapters of shards become one
 * @param learningRate for the reports
 */
public record RoundSettings(
        int epochs,
        int stepsPerEpoch,
        int localSteps,
        double outerLearningRate,
        double outerMomentum,
        OptimizerState optimizerState,
        Transfer transfer,
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
                training.optimizerState(),
                training.transfer(),
                training.averaging(),
                learningRate);
    }

    /** The same with another learning rate in the reports. */
    public RoundSettings with(LearningRate rate) {
        return new RoundSettings(
                epochs,
                stepsPerEpoch,
                localSteps,
                outerLearningRate,
                outerMomentum,
                optimizerState,
                transfer,
                averaging,
                rate);
    }

    /** Whether optimizer state is averaged and kept. */
    public boolean keepsOptimizer() {
        return optimizerState != OptimizerState.RESET;
    }

    /** How shared values travel. */
    public Encoding encoding(ParameterLayout layout, long seed) {
        return Encoding.of(layout, optimizerState, transfer, seed);
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
    public RoundState start(TrainingState state, Encoding encoding) {
        int epoch = state.round() / roundsPerEpoch();
        int skip = state.round() % roundsPerEpoch() * localSteps;
        return new RoundState(
                state.round(),
                epoch * stepsPerEpoch + skip,
                skip,
                Math.min(localSteps, stepsPerEpoch - skip),
                epoch,
                encoding.encode(new SharedValues(state.parameters(), state.optimizer()), state.round()));
    }
}
