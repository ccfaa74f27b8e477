package org.erat.compute.cuda;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.erat.compute.memory.Allocator;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.IdlePools;
import org.erat.compute.memory.MemoryPool;

/**
 * The memory of one device as its tasks share it: what frozen weights hold, and the pools of tasks that do not compute at
 * present, for the task that computes next. Thread-safe.
 */
final class DeviceMemory implements Allocator {
    private static final long SMALL = 512;
    private static final long LARGE = 1 << 20;

    private final Driver driver;
    private final IdlePools idle = new IdlePools(this);
    private final AtomicLong frozen = new AtomicLong();
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong peak = new AtomicLong();

    DeviceMemory(Driver driver) {
        this.driver = driver;
    }

    Driver driver() {
        return driver;
    }

    /** Pools that are in no use. */
    IdlePools idle() {
        return idle;
    }

    /** Small sizes in steps of what addresses are aligned to, large ones in steps in which a device hands memory out. */
    @Override
    public long roundUp(long bytes) {
        long step = bytes < LARGE ? SMALL : LARGE;
        return Math.max(step, (bytes + step - 1) / step * step);
    }

    /** Memory of a frozen weight, until {@link #freeFrozen}. */
    Block allocateFrozen(long bytes) {
        Block block = allocate(roundUp(bytes), () -> "frozen weights");
        frozen.addAndGet(block.bytes());
        return block;
    }

    void freeFrozen(Block block) {
        free(block);
        frozen.addAndGet(-block.bytes());
    }

    /**
     * New memory of the device; idle pools are freed first where there is no room.
     *
     * @throws CudaException if there is no room even so
     */
    @Override
    public Block allocate(long bytes, Supplier<String> holder) {
        long address = driver.allocate(bytes);
        if (address == 0 && idle.free()) {
            address = driver.allocate(bytes);
        }
        if (address == 0) {
            throw new CudaException(driver.device() + " has no room for " + MemoryPool.mebibytes(bytes)
                    + " MiB more: " + holder.get() + "; frozen weights hold " + MemoryPool.mebibytes(frozen.get())
                    + " MiB; " + driver.room()
                    + ". Lower training.batch-size or the data's length in tokens, set compute.activations=recomputed"
                    + " or compute.precision=bf16, or keep other processes off this GPU.");
        }
        peak.accumulateAndGet(held.addAndGet(bytes), Math::max);
        return new DeviceBlock(address, bytes);
    }

    @Override
    public Block part(Block block, long offset, long bytes) {
        return new DeviceBlock(block.address() + offset, bytes);
    }

    @Override
    public void free(Block block) {
        driver.free(block.address());
        held.addAndGet(-block.bytes());
    }

    /** The most bytes that frozen weights and pools have held at once. */
    long peakBytes() {
        return peak.get();
    }
}
