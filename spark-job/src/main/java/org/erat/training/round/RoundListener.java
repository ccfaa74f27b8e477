package org.erat.training.round;

/** Is told of every round after its outer step. */
@FunctionalInterface
public interface RoundListener {
    /**
     * Called once for each round, in order.
     *
     * @param state what the next round starts from; its arrays are not written to any more
     */
    void roundDone(RoundReport report, TrainingState state);
}
