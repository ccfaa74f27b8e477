package org.erat.compute.onednn;

import java.util.ArrayDeque;
import java.util.Deque;

/** Memory pools of kernels that rest, for whichever kernels run next. Thread-safe. */
final class IdleMemory {
    private final Deque<MemoryPool> pools = new ArrayDeque<>();

    /** A pool that rested, the last one first, or a new one. */
    synchronized MemoryPool take() {
        return pools.isEmpty() ? new MemoryPool() : pools.pop();
    }

    synchronized void giveBack(MemoryPool pool) {
        pools.push(pool);
    }
}
