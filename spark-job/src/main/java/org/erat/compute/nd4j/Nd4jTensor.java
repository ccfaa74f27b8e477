package org.erat.compute.nd4j;

import java.util.concurrent.atomic.AtomicLong;
import javax.annotation.Nullable;
import org.erat.compute.HostValues;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A tensor over an ND4J array. */
final class Nd4jTensor implements Tensor {
    /** Counts the tensors of a task that are not closed; null where this one does not count. */
    @Nullable
    private final AtomicLong outstanding;

    /** The tensor that this is a view of. */
    @Nullable
    private final Nd4jTensor parent;

    /** Whether closing it frees the array. */
    private final boolean owned;

    /** Null once it is closed. */
    @Nullable
    private INDArray array;

    /** A tensor that owns its array and is counted in {@code outstanding} until it is closed. */
    static Nd4jTensor owning(INDArray array, AtomicLong outstanding) {
        outstanding.incrementAndGet();
        return new Nd4jTensor(array, outstanding, null, true);
    }

    /** A tensor that owns its array and counts for no task. */
    static Nd4jTensor frozen(INDArray array) {
        return new Nd4jTensor(array, null, null, true);
    }

    /** A tensor over values of the caller. */
    static Nd4jTensor shared(INDArray array) {
        return new Nd4jTensor(array, null, null, false);
    }

    private Nd4jTensor(INDArray array, @Nullable AtomicLong outstanding, @Nullable Nd4jTensor parent, boolean owned) {
        this.array = array;
        this.outstanding = outstanding;
        this.parent = parent;
        this.owned = owned;
    }

    static INDArray array(Tensor tensor) {
        if (!(tensor instanceof Nd4jTensor nd4j)) {
            throw new IllegalArgumentException("tensor of another backend: "
                    + (tensor == null ? "null" : tensor.getClass().getSimpleName()));
        }
        if (nd4j.array == null || (nd4j.parent != null && nd4j.parent.array == null)) {
            throw new IllegalStateException("tensor is closed");
        }
        return nd4j.array;
    }

    /** The values of a dense vector, in the memory of the host. */
    static HostValues hostValues(Tensor vector) {
        INDArray dense = array(vector);
        Nd4j.getAffinityManager().ensureLocation(dense, AffinityManager.Location.HOST);
        Nd4j.getAffinityManager().tagLocation(dense, AffinityManager.Location.HOST);
        DataBuffer data = dense.data();
        return HostValues.of(
                dense.dataType() == DataType.DOUBLE ? data.asNioDouble() : data.asNioFloat(),
                Math.toIntExact(dense.offset()));
    }

    @Override
    public long[] shape() {
        return array(this).shape().clone();
    }

    @Override
    public Tensor rows(long from, long to) {
        Shapes.checkRange("rows", from, to, Shapes.rows("rows", "tensor", this));
        return view(to - from, array.size(1), from * array.stride(0));
    }

    @Override
    public Tensor columns(long from, long to) {
        Shapes.checkRange("columns", from, to, Shapes.columns("columns", "tensor", this));
        return view(array.size(0), to - from, from * array.stride(1));
    }

    @Override
    public Tensor matrix(long from, long rows, long columns) {
        Shapes.checkMatrix(this, parent != null, from, rows, columns);
        long[] shape = {rows, columns};
        long[] strides = {columns, 1};
        return view(Nd4j.create(array.data(), shape, strides, array.offset() + from, 'c'));
    }

    /** By strides and not by ND4J's indexing, which drops dimensions of size one of a view. */
    private Tensor view(long rows, long columns, long start) {
        long[] shape = {rows, columns};
        return view(Nd4j.create(array.data(), shape, array.stride(), array.offset() + start, 'c'));
    }

    private Tensor view(INDArray part) {
        return new Nd4jTensor(part, null, parent == null ? this : parent, false);
    }

    @Override
    public void close() {
        if (parent == null && array != null) {
            if (outstanding != null) {
                outstanding.decrementAndGet();
            }
            if (owned && array.closeable()) {
                array.close();
            }
            array = null;
        }
    }
}
