package org.erat.training;

/** What a person who waits for a run is told. */
public interface TrainingMonitor {
    /** Takes a line. */
    void say(String line);

    /**
     * Rounds begin.
     *
     * @param done rounds that an earlier submission completed
     * @param total rounds of the run
     */
    void roundsBegin(int done, int total);

    /** A round is complete. */
    void roundDone(RoundReport report);
}
