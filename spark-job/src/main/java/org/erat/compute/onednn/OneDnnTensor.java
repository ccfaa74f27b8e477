package org.erat.compute.onednn;

import java.nio.ShortBuffer;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Rows of f32 or bf16 elements at a fixed distance in off-heap memory. A vector is one row. */
final class OneDnnTensor implements Tensor {
    private final Block block;
    private final Precision format;
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
            Precision format,
            long offset,
            long rows,
            long columns,
            long stride,
            boolean vector,
            OneDnnTensor parent,
            Execution owner) {
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
    static OneDnnTensor over(Block block, Precision format, Execution owner, long... shape) {
        boolean vector = shape.length == 1;
        long columns = shape[shape.length - 1];
        return new OneDnnTensor(block, format, 0, vector ? 1 : shape[0], columns, columns, vector, null, owner);
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
        return block.address() + bytes(format) * offset;
    }

    /** Format of the elements. */
    Precision format() {
        return format;
    }

    /** Bytes of an element. */
    static long bytes(Precision format) {
        return format == Precision.BF16 ? Short.BYTES : Float.BYTES;
    }

    /** How it lies in memory. */
    Layout layout() {
        return new Layout(format, rows, columns, stride());
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

    /** Copies row {@code row} to the start of {@code into}, as f32. */
    void getRow(long row, float[] into) {
        int first = index(row);
        if (format == Precision.F32) {
            block.floats().get(first, into, 0, (int) columns);
            return;
        }
        ShortBuffer values = block.shorts();
        for (int i = 0; i < columns; i++) {
            into[i] = BFloat16.toFloat(values.get(first + i));
        }
    }

    /** Sets row {@code row} to the start of {@code from}, rounded to this format. */
    void putRow(long row, float[] from) {
        int first = index(row);
        if (format == Precision.F32) {
            block.floats().put(first, from, 0, (int) columns);
            return;
        }
        ShortBuffer values = block.shorts();
        for (int i = 0; i < columns; i++) {
            values.put(first + i, BFloat16.of(from[i]));
        }
    }

    /** Index of the first element in the block. */
    int first() {
        return Math.toIntExact(offset);
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

    @Override
    public Tensor matrix(long from, long height, long width) {
        Shapes.checkMatrix(this, parent != null, from, height, width);
        return new OneDnnTensor(block, format, offset + from, height, width, width, false, this, null);
    }

    private OneDnnTensor view(long start, long height, long width) {
        return new OneDnnTensor(
                block, format, start, height, width, stride, false, parent == null ? this : parent, null);
    }

    @Override
    public void close() {
        if (owner != null && !closed) {
            closed = true;
            owner.giveBack(block);
        }
    }
}
