package org.erat.training;

/** Is told of every round after its outer step. */
@FunctionalInterface
public interface RoundListener {
    /** @param state what the next round starts from */
    void roundDone(RoundReport report, TrainingState state);
}
