package org.erat.compute.memory;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Pools of tasks that do not compute at present, for the task that computes next. Thread-safe.
 *
 * <p>It keeps as many as the machine has processors: more tasks than that do not gain from computing at the same time. The
 * pool that has been idle for longest is freed when there is one more.
 */
public final class IdlePools {
    private final Allocator allocator;
    private final int limit;
    private final Deque<MemoryPool> pools = new ArrayDeque<>();

    public IdlePools(Allocator allocator) {
        this(allocator, Runtime.getRuntime().availableProcessors());
    }

    /** @param limit pools that are kept */
    IdlePools(Allocator allocator, int limit) {
        this.allocator = allocator;
        this.limit = limit;
    }

    /** The pool that became idle last, or a new one. */
    public synchronized MemoryPool take() {
        return pools.isEmpty() ? new MemoryPool(allocator) : pools.pop();
    }

    /** Keeps a pool of which nothing is in use. */
    public synchronized void release(MemoryPool pool) {
        pools.push(pool);
        if (pools.size() > limit) {
            pools.removeLast().close();
        }
    }

    /** Frees all idle pools; whether there were any. */
    public synchronized boolean free() {
        boolean any = !pools.isEmpty();
        pools.forEach(MemoryPool::close);
        pools.clear();
        return any;
    }
}
