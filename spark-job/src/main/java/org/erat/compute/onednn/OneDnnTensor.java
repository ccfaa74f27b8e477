package org.erat.compute.onednn;

import java.nio.FloatBuffer;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Rows of f32 elements at a fixed distance in off-heap memory. A vector is one row. */
final class OneDnnTensor implements Tensor {
    private final Block block;
    private final long offset;
    private final long rows;
    private final long columns;
    private final long stride;
    private final boolean vector;
    private final OneDnnTensor parent;
    private final Execution owner;
    private boolean closed;

    private OneDnnTensor(
            Block block,
            long offset,
            long rows,
            long columns,
            long stride,
            boolean vector,
            OneDnnTensor parent,
            Execution owner) {
        this.block = block;
        this.offset = offset;
        this.rows = rows;
        this.columns = columns;
        this.stride = stride;
        this.vector = vector;
        this.parent = parent;
        this.owner = owner;
    }

    /** A dense tensor; closing it gives its block back to {@code owner}, or nothing where that is null. */
    static OneDnnTensor over(Block block, Execution owner, long... shape) {
        boolean vector = shape.length == 1;
        long columns = shape[shape.length - 1];
        return new OneDnnTensor(block, 0, vector ? 1 : shape[0], columns, columns, vector, null, owner);
    }

    static OneDnnTensor of(Tensor tensor) {
        if (!(tensor instanceof OneDnnTensor own)) {
            throw new IllegalArgumentException("tensor of another backend: "
                    + (tensor == null ? "null" : tensor.getClass().getSimpleName()));
        }
        own.checkOpen();
        return own;
    }

    private void checkOpen() {
        if (closed || (parent != null && parent.closed)) {
            throw new IllegalStateException("tensor is closed");
        }
    }

    Block block() {
        return block;
    }

    long address() {
        return block.address() + Float.BYTES * offset;
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

    /** Copies row {@code row} to the start of {@code into}. */
    void getRow(long row, float[] into) {
        floats().get(index(row), into, 0, (int) columns);
    }

    /** Sets row {@code row} to the start of {@code from}. */
    void putRow(long row, float[] from) {
        floats().put(index(row), from, 0, (int) columns);
    }

    private FloatBuffer floats() {
        return block.floats();
    }

    private int index(long row) {
        return Math.toIntExact(offset + row * stride);
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

    private OneDnnTensor view(long start, long height, long width) {
        return new OneDnnTensor(block, start, height, width, stride, false, parent == null ? this : parent, null);
    }

    @Override
    public void close() {
        if (owner != null && !closed) {
            closed = true;
            owner.giveBack(block);
        }
    }
}
