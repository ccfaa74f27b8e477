package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.function.Supplier;
import org.bytedeco.dnnl.dnnl_stream;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.BoundedCache;
import org.erat.compute.memory.IdlePools;
import org.erat.compute.memory.StridedTensor;
import org.erat.compute.memory.TaskMemory;
import org.erat.data.safetensors.Dtype;

/**
 * What one task owns: its stream, its thread count, its primitives by operation and shape, its memory. Confined to one
 * thread at a time.
 */
final class Execution {
    /**
     * Primitives that are kept. The least recently used one is destroyed when there is one more. A run meets some sixty
     * batch shapes with some forty primitives each, 2400 in all; windows of an adapter add six products for each batch
     * shape and length of window, 2900 at rank 8. The limit is well above that, for an epoch that creates its primitives
     * anew is slow. It keeps runs of high rank from filling the memory: a product takes some 0.3 MiB. oneDNN itself keeps as
     * many for all tasks, {@link OneDnn#PRIMITIVE_CACHE_CAPACITY}.
     */
    private static final int PRIMITIVES = OneDnn.PRIMITIVE_CACHE_CAPACITY;

    private final dnnl_stream stream = new dnnl_stream();
    private final int threads;
    private final Dtype activations;
    private final TaskMemory memory;
    private final BoundedCache<Record, Primitive> primitives;
    private Block scratch;

    /**
     * @param activations dtype of activations and of their gradients
     * @param idle where memory comes from, and where it goes on {@link #release}
     */
    Execution(int threads, Dtype activations, IdlePools idle) {
        this(threads, activations, idle, PRIMITIVES);
    }

    /** @param limit primitives that are kept */
    Execution(int threads, Dtype activations, IdlePools idle, int limit) {
        this.memory = new TaskMemory(idle);
        this.threads = threads;
        this.activations = activations;
        this.primitives = new BoundedCache<>(limit, Primitive::destroy);
        OneDnn.check(dnnl_stream_create(stream, OneDnn.ENGINE, dnnl_stream_default_flags), "create a stream");
    }

    /** The primitive of {@code key}, created at its first use. To be run before the next one is asked for. */
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
                memory.giveBack(scratch);
            }
            scratch = memory.take(Math.max(bytes, HostBlock.ALIGNMENT));
        }
        return scratch.address();
    }

    /** A dense tensor of undefined content in the dtype of activations. */
    StridedTensor allocate(long... shape) {
        return memory.allocate(activations, shape);
    }

    /** A dense tensor of undefined content. */
    StridedTensor allocate(Dtype dtype, long... shape) {
        return memory.allocate(dtype, shape);
    }

    private record CopyKey(Layout from, Layout to) {}

    /**
     * {@code tensor} itself where its rows follow each other, else a copy for which they do: some primitives take no
     * strides. To be given to {@link #releaseDense} after use.
     */
    StridedTensor dense(StridedTensor tensor) {
        return tensor.isDense() ? tensor : copy(tensor);
    }

    /** A dense copy. */
    StridedTensor copy(StridedTensor tensor) {
        StridedTensor copy = allocate(tensor.dtype(), tensor.rows(), tensor.columns());
        copy(tensor, copy);
        return copy;
    }

    /** to = from, converted. */
    void copy(StridedTensor from, StridedTensor to) {
        CopyKey key = new CopyKey(Layout.of(from), Layout.of(to));
        Primitive reorder = primitive(
                key,
                () -> Reorders.create(
                        "copy " + key, key.from().descriptor(), key.to().descriptor(), null));
        run(reorder, from.address(), to.address());
    }

    /** Closes what {@link #dense} made of {@code original}, if anything. */
    static void releaseDense(StridedTensor original, StridedTensor dense) {
        if (dense != original) {
            dense.close();
        }
    }

    /** A tensor that has to be in f32. */
    static StridedTensor single(String primitive, String operand, Tensor tensor) {
        StridedTensor own = HostBlock.tensor(tensor);
        Shapes.require(
                own.dtype() == Dtype.F32,
                "%s: %s must be in F32, as allocateSingle gives it, but is in %s",
                primitive,
                operand,
                own.dtype());
        return own;
    }

    /** Dtype of activations and of their gradients. */
    Dtype activations() {
        return activations;
    }

    TaskMemory memory() {
        return memory;
    }

    /** Returns all memory to the idle pools until this is used again. */
    void release() {
        memory.requireNothingOutstanding();
        if (scratch != null) {
            memory.giveBack(scratch);
            scratch = null;
        }
        memory.releasePool();
    }

    int primitiveCount() {
        return primitives.size();
    }

    void close() {
        if (!memory.isClosed()) {
            memory.close();
            primitives.clear();
            dnnl_stream_destroy(stream);
        }
    }
}
