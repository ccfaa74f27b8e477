package org.erat.compute.nd4j;

import java.util.concurrent.atomic.AtomicLong;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A tensor over an ND4J array. */
final class Nd4jTensor implements Tensor {
    private final AtomicLong outstanding;
    private INDArray array;

    /** A tensor that owns its array and is counted in {@code outstanding} until it is closed. */
    static Nd4jTensor owning(INDArray array, AtomicLong outstanding) {
        outstanding.incrementAndGet();
        return new Nd4jTensor(array, outstanding);
    }

    /** A view or a frozen tensor: closing it does nothing. */
    static Nd4jTensor borrowing(INDArray array) {
        return new Nd4jTensor(array, null);
    }

    private Nd4jTensor(INDArray array, AtomicLong outstanding) {
        this.array = array;
        this.outstanding = outstanding;
    }

    static INDArray array(Tensor tensor) {
        if (!(tensor instanceof Nd4jTensor nd4j)) {
            throw new IllegalArgumentException("tensor of another backend: "
                    + (tensor == null ? "null" : tensor.getClass().getSimpleName()));
        }
        if (nd4j.array == null) {
            throw new IllegalStateException("tensor is closed");
        }
        return nd4j.array;
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
        Shapes.checkMatrix(this, outstanding == null, from, rows, columns);
        long[] shape = {rows, columns};
        long[] strides = {columns, 1};
        return borrowing(Nd4j.create(array.data(), shape, strides, array.offset() + from, 'c'));
    }

    /** By strides and not by ND4J's indexing, which drops dimensions of size one of a view. */
    private Tensor view(long rows, long columns, long start) {
        long[] shape = {rows, columns};
        return borrowing(Nd4j.create(array.data(), shape, array.stride(), array.offset() + start, 'c'));
    }

    @Override
    public void close() {
        if (outstanding != null && array != null) {
            outstanding.decrementAndGet();
            if (array.closeable()) {
                array.close();
            }
            array = null;
        }
    }
}
