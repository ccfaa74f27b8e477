package org.erat.compute.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory of one device as its tasks share it: what frozen weights hold, and pools of tasks that rest, for whichever
 * task runs next. Thread-safe.
 */
final class DeviceMemory {
    private static final long MEBIBYTE = 1 << 20;

    private final Driver driver;
    private final Deque<DevicePool> idle = new ArrayDeque<>();
    private final AtomicLong frozen = new AtomicLong();
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong peak = new AtomicLong();

    DeviceMemory(Driver driver) {
        this.driver = driver;
    }

    Driver driver() {
        return driver;
    }

    /** A pool that rested, the last one first, or a new one. */
    synchronized DevicePool takePool() {
        return idle.isEmpty() ? new DevicePool(this) : idle.pop();
    }

    synchronized void giveBack(DevicePool pool) {
        idle.push(pool);
    }

    /** Memory of a frozen weight, until {@link #freeFrozen}. */
    long allocateFrozen(long bytes) {
        long address = allocate(bytes, "frozen weights");
        frozen.addAndGet(bytes);
        return address;
    }

    void freeFrozen(long address, long bytes) {
        free(address, bytes);
        frozen.addAndGet(-bytes);
    }

    /**
     * New memory of the device; what pools at rest hold is given up first where there is no room.
     *
     * @param holder what wants it and holds how much already, for the message
     * @throws CudaException if there is no room even so
     */
    long allocate(long bytes, String holder) {
        long address = driver.allocate(bytes);
        if (address == 0 && closeIdle()) {
            address = driver.allocate(bytes);
        }
        if (address == 0) {
            throw new CudaException(driver.device() + " has no room for " + mebibytes(bytes) + " MiB more: " + holder
                    + "; frozen weights hold " + mebibytes(frozen.get()) + " MiB; " + driver.room()
                    + ". Lower training.batch-size or the data's length in tokens, set compute.activations=recomputed or"
                    + " compute.precision=bf16, or keep other processes off this GPU.");
        }
        peak.accumulateAndGet(held.addAndGet(bytes), Math::max);
        return address;
    }

    /** Gives memory back to the device. */
    void free(long address, long bytes) {
        driver.free(address);
        held.addAndGet(-bytes);
    }

    /** The most bytes that frozen weights and pools have held at once. */
    long peakBytes() {
        return peak.get();
    }

    private synchronized boolean closeIdle() {
        boolean any = !idle.isEmpty();
        idle.forEach(DevicePool::close);
        idle.clear();
        return any;
    }

    static long mebibytes(long bytes) {
        return (bytes + MEBIBYTE - 1) / MEBIBYTE;
    }
}
