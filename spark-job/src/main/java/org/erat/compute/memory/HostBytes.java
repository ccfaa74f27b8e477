package org.erat.compute.memory;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes outside the Java heap that this process has allocated for one purpose. Thread-safe. */
public final class HostBytes {
    /** Frozen weights in a layout of their own, and what compiled primitives hold. Mapped files are not among them. */
    public static final HostBytes WEIGHTS = new HostBytes();

    /** Tensors and scratch memory of tasks, those that wait for the next task too. */
    public static final HostBytes TASKS = new HostBytes();

    // A JVM's memory is one for all of its tasks.
    private final AtomicLong held = new AtomicLong();

    private HostBytes() {}

    /** How many there are. */
    public long held() {
        return held.get();
    }

    /** Counts bytes that were allocated, or freed where they are less than 0. */
    public void add(long bytes) {
        held.addAndGet(bytes);
    }
}
