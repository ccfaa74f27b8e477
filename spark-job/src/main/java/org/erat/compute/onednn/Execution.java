package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.dnnl.dnnl_stream;

/**
 * What one task owns: its stream, its thread count, its primitives by operation and shape, its memory. Confined to one
 * thread at a time.
 */
final class Execution {
    private final dnnl_stream stream = new dnnl_stream();
    private final int threads;
    private final MemoryPool pool = new MemoryPool();
    private final Map<Record, Primitive> primitives = new HashMap<>();
    private Block scratch;
    private long outstanding;
    private boolean closed;

    Execution(int threads) {
        this.threads = threads;
        OneDnn.check(dnnl_stream_create(stream, OneDnn.ENGINE, dnnl_stream_default_flags), "create a stream");
    }

    /** The primitive of {@code key}, created at its first use. */
    Primitive primitive(Record key, Supplier<Primitive> create) {
        Primitive primitive = primitives.get(key);
        if (primitive == null) {
            // The thread count in force becomes part of the primitive.
            OpenMp.useThreads(threads);
            primitive = create.get();
            primitives.put(key, primitive);
        }
        return primitive;
    }

    /** Executes {@code primitive} on operands at the given addresses, in the order of its builder. */
    void run(Primitive primitive, long... operands) {
        OpenMp.useThreads(threads);
        primitive.run(stream, scratch(primitive.scratchBytes()), operands);
    }

    /** Makes this execution's thread count that of the native calls that follow on this thread. */
    void useThreads() {
        OpenMp.useThreads(threads);
    }

    private long scratch(long bytes) {
        if (scratch == null || scratch.bytes() < bytes) {
            if (scratch != null) {
                pool.giveBack(scratch);
            }
            scratch = pool.take(Math.max(bytes, Block.ALIGNMENT));
        }
        return scratch.address();
    }

    /** A dense tensor of undefined content. */
    OneDnnTensor allocate(long... shape) {
        if (closed) {
            throw new IllegalStateException("kernels are closed");
        }
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        outstanding++;
        return OneDnnTensor.over(pool.take(Float.BYTES * elements), this, shape);
    }

    private record CopyKey(long rows, long columns, long stride) {}

    /**
     * {@code tensor} itself where its rows follow each other, else a copy for which they do: some primitives take no
     * strides. To be given to {@link #releaseDense} after use.
     */
    OneDnnTensor dense(OneDnnTensor tensor) {
        if (tensor.isDense()) {
            return tensor;
        }
        long[] sizes = {tensor.rowsCount(), tensor.columnsCount()};
        OneDnnTensor copy = allocate(sizes);
        CopyKey key = new CopyKey(sizes[0], sizes[1], tensor.stride());
        Primitive reorder = primitive(
                key,
                () -> Reorders.create(
                        "copy " + key,
                        OneDnn.floats(sizes, new long[] {tensor.stride(), 1}),
                        OneDnn.floats(sizes),
                        null));
        run(reorder, tensor.address(), copy.address());
        return copy;
    }

    /** Closes what {@link #dense} made of {@code original}, if anything. */
    static void releaseDense(OneDnnTensor original, OneDnnTensor dense) {
        if (dense != original) {
            dense.close();
        }
    }

    /** Memory within one primitive. */
    Block take(long bytes) {
        return pool.take(bytes);
    }

    /** Returns what {@link #take} gave. */
    void release(Block block) {
        pool.giveBack(block);
    }

    /** Called by a tensor that is closed. */
    void giveBack(Block block) {
        if (!closed) {
            outstanding--;
            pool.giveBack(block);
        }
    }

    long outstanding() {
        return outstanding;
    }

    MemoryPool pool() {
        return pool;
    }

    int primitiveCount() {
        return primitives.size();
    }

    void close() {
        if (!closed) {
            closed = true;
            primitives.values().forEach(Primitive::destroy);
            primitives.clear();
            pool.close();
            dnnl_stream_destroy(stream);
        }
    }
}
