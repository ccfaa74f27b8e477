package org.erat.compute;

/**
 * A dense row-major matrix or vector that lives where its {@link Kernels} compute; nothing may assume that its bytes are
 * in host memory. Closing it returns its memory to the pool of the kernels that made it; a view closes nothing.
 */
public interface Tensor extends AutoCloseable {
    /** Sizes of the dimensions. */
    long[] shape();

    /** Rows [from, to) of this matrix, without a copy. */
    Tensor rows(long from, long to);

    /** Columns [from, to) of this matrix, without a copy; the distance between rows stays. */
    Tensor columns(long from, long to);

    /**
     * The elements from {@code from} on as a matrix of {@code rows} by {@code columns}, without a copy. Not of a view.
     *
     * @throws IllegalArgumentException if they are not all within this tensor
     */
    Tensor matrix(long from, long rows, long columns);

    @Override
    void close();
}
