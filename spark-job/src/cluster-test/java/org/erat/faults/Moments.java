package org.erat.faults;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Time that a fault lasts, or after which it strikes: nothing is waited for. */
final class Moments {
    private Moments() {}

    static void pass(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
