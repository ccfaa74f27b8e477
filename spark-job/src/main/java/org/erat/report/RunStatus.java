package org.erat.report;

import java.util.Locale;
import org.erat.checkpoint.RunDirectory;

/** How far a run has come, as far as its files tell. */
public enum RunStatus {
    /** A driver is at work on it. */
    RUNNING,
    /** It stopped and can go on: it was interrupted, or its process was killed. */
    INTERRUPTED,
    /** It stopped with an error. */
    FAILED,
    FINISHED;

    /** @param held whether a driver is at work on the run */
    static RunStatus of(RunDirectory run, boolean held) {
        if (run.state() == RunDirectory.State.FINISHED) {
            return FINISHED;
        }
        if (held) {
            return RUNNING;
        }
        return run.failure().isPresent() ? FAILED : INTERRUPTED;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
