package org.erat.checkpoint;

import java.time.Duration;

/** Time as a {@link Lease} knows it: differences only, so that no two machines need the same clock. */
interface LeaseTimer {
    /** Lets time pass. */
    void pause(Duration time);

    /** Does something again and again, until the result is closed. */
    Beats every(Duration period, Runnable action);

    /** What is done again and again. */
    interface Beats extends AutoCloseable {
        @Override
        void close();
    }
}
