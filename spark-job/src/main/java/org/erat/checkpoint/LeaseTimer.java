package org.erat.checkpoint;

import java.time.Duration;

/** The clock of a {@link Lease}. It has durations only, so no two machines need the same time. */
interface LeaseTimer {
    /** Waits for {@code time}. */
    void pause(Duration time);

    /** Runs {@code action} once in each {@code period}, until the result is closed. */
    Beats every(Duration period, Runnable action);

    /** A repeated action. */
    interface Beats extends AutoCloseable {
        @Override
        void close();
    }
}
