package org.erat.compute.cuda;

import javax.annotation.Nullable;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Rows of f32 or bf16 elements at a fixed distance in the memory of a device. A vector is one row. */
final class CudaTensor implements Tensor {
    private final DevicePool.Block block;
    private final Precision format;
    private final long offset;
    private final long rows;
    private final long columns;
    private final long stride;
    private final boolean vector;

    @Nullable
    private final CudaTensor parent;

    @Nullable
    private final Execution owner;

    private boolean closed;

    private CudaTensor(
            DevicePool.Block block,
            Precision format,
            long offset,
            long rows,
            long columns,
            long stride,
            boolean vector,
            @Nullable CudaTensor parent,
            @Nullable Execution owner) {
        this.block = block;
        this.format = format;
        this.offset = offset;
        this.rows = rows;
        this.columns = columns;
        this.stride = stride;
        this.vector = vector;
        this.parent = parent;
        this.owner = owner;
    }

    /** A dense tensor; closing it gives its block back to {@code owner}, or nothing where that is null. */
    static CudaTensor over(DevicePool.Block block, Precision format, @Nullable Execution owner, long... shape) {
        boolean vector = shape.length == 1;
        long columns = shape[shape.length - 1];
        return new CudaTensor(block, format, 0, vector ? 1 : shape[0], columns, columns, vector, null, owner);
    }

    /** {@code count} elements of a dense tensor from {@code first} on, as one row. */
    static CudaTensor span(CudaTensor dense, long first, long count) {
        return new CudaTensor(dense.block, dense.format, dense.offset + first, 1, count, count, true, dense, null);
    }

    static CudaTensor of(Tensor tensor) {
        if (!(tensor instanceof CudaTensor own)) {
            throw new IllegalArgumentException("tensor of another backend: "
                    + (tensor == null ? "null" : tensor.getClass().getSimpleName()));
        }
        own.checkOpen();
        return own;
    }

    /** The same of a tensor that has to be in f32, as frozen vectors are and {@code allocateSingle} gives them. */
    static CudaTensor single(String primitive, String operand, Tensor tensor) {
        CudaTensor own = of(tensor);
        Shapes.require(
                own.format == Precision.F32,
                "%s: %s must be in f32, as frozen vectors are and allocateSingle gives them",
                primitive,
                operand);
        return own;
    }

    private void checkOpen() {
        if (closed || (parent != null && parent.closed)) {
            throw new IllegalStateException("tensor is closed");
        }
    }

    DevicePool.Block block() {
        return block;
    }

    long address() {
        return block.address() + bytes(format) * offset;
    }

    Precision format() {
        return format;
    }

    /** Bytes of an element. */
    static long bytes(Precision format) {
        return format == Precision.BF16 ? Short.BYTES : Float.BYTES;
    }

    long rowsCount() {
        return rows;
    }

    long columnsCount() {
        return columns;
    }

    /** Elements from one row to the next. */
    long stride() {
        return rows == 1 ? columns : stride;
    }

    boolean isDense() {
        return stride() == columns;
    }

    @Override
    public long[] shape() {
        checkOpen();
        return vector ? new long[] {columns} : new long[] {rows, columns};
    }

    @Override
    public Tensor rows(long from, long to) {
        Shapes.checkRange("rows", from, to, Shapes.rows("rows", "tensor", this));
        return view(offset + from * stride, to - from, columns);
    }

    @Override
    public Tensor columns(long from, long to) {
        Shapes.checkRange("columns", from, to, Shapes.columns("columns", "tensor", this));
        return view(offset + from, rows, to - from);
    }

    @Override
    public Tensor matrix(long from, long height, long width) {
        Shapes.checkMatrix(this, parent != null, from, height, width);
        return new CudaTensor(block, format, offset + from, height, width, width, false, this, null);
    }

    private CudaTensor view(long start, long height, long width) {
        return new CudaTensor(block, format, start, height, width, stride, false, parent == null ? this : parent, null);
    }

    @Override
    public void close() {
        if (owner != null && !closed) {
            closed = true;
            owner.giveBack(block);
        }
    }
}
