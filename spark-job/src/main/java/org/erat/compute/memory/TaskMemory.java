package org.erat.compute.memory;

import javax.annotation.Nullable;
import org.erat.data.safetensors.Dtype;

/** The tensors of one task, and the pool that their memory comes from. Confined to one thread at a time. */
public final class TaskMemory implements StridedTensor.Owner {
    private final IdlePools idle;

    @Nullable
    private MemoryPool pool;

    private long outstanding;
    private boolean closed;

    /** @param idle where the pool comes from, and where {@link #releasePool} puts it */
    public TaskMemory(IdlePools idle) {
        this.idle = idle;
    }

    /** A dense tensor of undefined content. */
    public StridedTensor allocate(Dtype dtype, long... shape) {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        Block block = take(dtype.bytes() * elements);
        outstanding++;
        return StridedTensor.over(block, dtype, this, shape);
    }

    /** Called by a tensor that is closed. */
    @Override
    public void release(Block block) {
        if (!closed) {
            outstanding--;
            pool().release(block);
        }
    }

    /** At least {@code bytes} of undefined content, for use within a primitive. */
    public Block take(long bytes) {
        return pool().take(bytes);
    }

    /** Returns a block of {@link #take} to the pool. */
    public void giveBack(Block block) {
        pool().release(block);
    }

    /** Tensors that are not closed yet. */
    public long outstanding() {
        return outstanding;
    }

    /** The pool in use: after {@link #releasePool} another one. */
    public MemoryPool pool() {
        if (closed) {
            throw new IllegalStateException("kernels are closed");
        }
        if (pool == null) {
            pool = idle.take();
        }
        return pool;
    }

    /** Whether there is a pool in use. */
    public boolean hasPool() {
        return pool != null;
    }

    /**
     * Throws unless every tensor is closed.
     *
     * @throws IllegalStateException with the number of those that are not
     */
    public void requireNothingOutstanding() {
        if (outstanding != 0) {
            throw new IllegalStateException(outstanding + " tensors are not closed");
        }
    }

    /** Puts the pool, of which nothing is in use, to the idle ones. */
    public void releasePool() {
        requireNothingOutstanding();
        if (pool != null) {
            idle.release(pool);
            pool = null;
        }
    }

    /** Whether {@link #close} was called. */
    public boolean isClosed() {
        return closed;
    }

    /** Frees all memory. */
    public void close() {
        if (!closed) {
            closed = true;
            if (pool != null) {
                pool.close();
            }
        }
    }
}
