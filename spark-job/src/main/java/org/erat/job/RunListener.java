package org.erat.job;

import org.erat.training.round.RoundReport;

/** Follows a run, and can end it. */
public interface RunListener {
    /** Takes a line for people. */
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

    /** A round is complete after which quality was measured; it is told by this and not by {@link #roundDone(RoundReport)}. */
    default void roundDone(RoundReport report, RoundQuality quality) {
        roundDone(report);
    }

    /**
     * Whether the run is to end. It is asked after every round; the run then saves that round and ends with a {@link
     * org.erat.checkpoint.ResumableException}.
     */
    default boolean isCancelled() {
        return false;
    }
}
