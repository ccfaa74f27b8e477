package org.erat.compute.memory;

import javax.annotation.Nullable;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.data.safetensors.Dtype;

/** Rows of elements at a fixed distance, within a block of memory. A vector is one row. */
public final class StridedTensor implements Tensor {
    private final Block block;
    private final Dtype dtype;
    private final long offset;
    private final long rows;
    private final long columns;
    private final long stride;
    private final boolean vector;

    /** The tensor that this is a view of. */
    @Nullable
    private final StridedTensor parent;

    /** Null for a view. */
    @Nullable
    private final Owner owner;

    private boolean closed;

    /** Whom the memory of a tensor belongs to. */
    public interface Owner {
        /** The tensor over {@code block} was closed. */
        void release(Block block);
    }

    private StridedTensor(
            Block block,
            Dtype dtype,
            long offset,
            long rows,
            long columns,
            long stride,
            boolean vector,
            @Nullable StridedTensor parent,
            @Nullable Owner owner) {
        this.block = block;
        this.dtype = dtype;
        this.offset = offset;
        this.rows = rows;
        this.columns = columns;
        this.stride = stride;
        this.vector = vector;
        this.parent = parent;
        this.owner = owner;
    }

    /** A dense tensor over the start of {@code block}; closing it releases the block to {@code owner}. */
    public static StridedTensor over(Block block, Dtype dtype, Owner owner, long... shape) {
        boolean isVector = shape.length == 1;
        long width = shape[shape.length - 1];
        return new StridedTensor(block, dtype, 0, isVector ? 1 : shape[0], width, width, isVector, null, owner);
    }

    /**
     * {@code tensor} as one over memory of this kind.
     *
     * @throws IllegalArgumentException if it belongs to another backend
     * @throws IllegalStateException if it is closed
     */
    public static StridedTensor of(Tensor tensor, Class<? extends Block> kind) {
        if (!(tensor instanceof StridedTensor own) || !kind.isInstance(own.block)) {
            throw new IllegalArgumentException("tensor of another backend: "
                    + (tensor == null ? "null" : tensor.getClass().getSimpleName()));
        }
        own.requireOpen();
        return own;
    }

    private void requireOpen() {
        if (closed || (parent != null && parent.closed)) {
            throw new IllegalStateException("tensor is closed");
        }
    }

    /** The memory that it lies in. */
    public Block block() {
        return block;
    }

    /** Index of its first element within the block. */
    public long offset() {
        return offset;
    }

    /** Address of its first element. */
    public long address() {
        return block.address() + dtype.bytes() * offset;
    }

    /** Dtype of the elements. */
    public Dtype dtype() {
        return dtype;
    }

    /** Number of rows, 1 for a vector. */
    public long rows() {
        return rows;
    }

    /** Number of columns. */
    public long columns() {
        return columns;
    }

    /** Elements from one row to the next. */
    public long stride() {
        return rows == 1 ? columns : stride;
    }

    /** Number of elements. */
    public long size() {
        return rows * columns;
    }

    /** Whether the rows follow each other without a gap. */
    public boolean isDense() {
        return stride() == columns;
    }

    /** {@code count} elements of a dense tensor from {@code first} on, as a vector. */
    public StridedTensor span(long first, long count) {
        return new StridedTensor(block, dtype, offset + first, 1, count, count, true, root(), null);
    }

    private StridedTensor root() {
        return parent == null ? this : parent;
    }

    @Override
    public long[] shape() {
        requireOpen();
        return vector ? new long[] {columns} : new long[] {rows, columns};
    }

    @Override
    public StridedTensor rows(long from, long to) {
        Shapes.checkRange("rows", from, to, Shapes.rows("rows", "tensor", this));
        return view(offset + from * stride, to - from, columns);
    }

    @Override
    public StridedTensor columns(long from, long to) {
        Shapes.checkRange("columns", from, to, Shapes.columns("columns", "tensor", this));
        return view(offset + from, rows, to - from);
    }

    @Override
    public StridedTensor matrix(long from, long height, long width) {
        Shapes.checkMatrix(this, parent != null, from, height, width);
        return new StridedTensor(block, dtype, offset + from, height, width, width, false, this, null);
    }

    private StridedTensor view(long start, long height, long width) {
        return new StridedTensor(block, dtype, start, height, width, stride, false, root(), null);
    }

    @Override
    public void close() {
        if (owner != null && !closed) {
            closed = true;
            owner.release(block);
        }
    }
}
