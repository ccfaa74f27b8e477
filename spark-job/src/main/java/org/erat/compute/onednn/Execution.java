package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.dnnl.dnnl_stream;
import org.erat.compute.Precision;

/**
 * What one task owns: its stream, its thread count, its primitives by operation and shape, its memory. Confined to one
 * thread at a time.
 */
final class Execution {
    private final dnnl_stream stream = new dnnl_stream();
    private final int threads;
    private final Precision activations;
    private final IdleMemory idle;
    private final Map<Record, Primitive> primitives = new HashMap<>();
    private MemoryPool pool;
    private Block scratch;
    private long outstanding;
    private boolean closed;

    /**
     * @param activations format of activations and of their gradients
     * @param idle where memory comes from, and goes when this rests
     */
    Execution(int threads, Precision activations, IdleMemory idle) {
        this.idle = idle;
        this.threads = threads;
        this.activations = activations;
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

    private long scratch(long bytes) {
        if (scratch == null || scratch.bytes() < bytes) {
            if (scratch != null) {
                pool().giveBack(scratch);
            }
            scratch = pool().take(Math.max(bytes, Block.ALIGNMENT));
        }
        return scratch.address();
    }

    /** A dense tensor of undefined content in the format of activations. */
    OneDnnTensor allocate(long... shape) {
        return allocate(activations, shape);
    }

    /** A dense tensor of undefined content. */
    OneDnnTensor allocate(Precision format, long... shape) {
        if (closed) {
            throw new IllegalStateException("kernels are closed");
        }
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        outstanding++;
        return OneDnnTensor.over(pool().take(OneDnnTensor.bytes(format) * elements), format, this, shape);
    }

    private record CopyKey(Layout from, Layout to) {}

    /**
     * {@code tensor} itself where its rows follow each other, else a copy for which they do: some primitives take no
     * strides. To be given to {@link #releaseDense} after use.
     */
    OneDnnTensor dense(OneDnnTensor tensor) {
        return tensor.isDense() ? tensor : copy(tensor);
    }

    /** A dense copy. */
    OneDnnTensor copy(OneDnnTensor tensor) {
        OneDnnTensor copy = allocate(tensor.format(), tensor.rowsCount(), tensor.columnsCount());
        CopyKey key = new CopyKey(tensor.layout(), copy.layout());
        Primitive reorder = primitive(
                key,
                () -> Reorders.create(
                        "copy " + key, key.from().descriptor(), key.to().descriptor(), null));
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
        return pool().take(bytes);
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

    /** Format of activations and of their gradients. */
    Precision activations() {
        return activations;
    }

    /** The memory of this execution; that of others at rest where this has rested. */
    MemoryPool pool() {
        if (pool == null) {
            pool = idle.take();
        }
        return pool;
    }

    /** Lends all memory to others until this is used again. */
    void rest() {
        if (outstanding != 0) {
            throw new IllegalStateException(outstanding + " tensors are not closed");
        }
        if (pool != null) {
            if (scratch != null) {
                pool.giveBack(scratch);
                scratch = null;
            }
            idle.giveBack(pool);
            pool = null;
        }
    }

    int primitiveCount() {
        return primitives.size();
    }

    void close() {
        if (!closed) {
            closed = true;
            primitives.values().forEach(Primitive::destroy);
            primitives.clear();
            if (pool != null) {
                pool.close();
            }
            dnnl_stream_destroy(stream);
        }
    }
}
