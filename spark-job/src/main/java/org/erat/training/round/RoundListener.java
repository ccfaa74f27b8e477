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

    /**
     * Whether what it makes of a round decides if there is a next one. It is then told of the round before that begins.
     *
     * @param round number of the round, from 1
     */
    default boolean decidesAfter(int round) {
        return false;
    }

    /** Whether training ends after the rounds that it was told of. */
    default boolean endsTraining() {
        return false;
    }
}
