package org.erat.data.safetensors;

import java.util.Arrays;

/**
 * What a safetensors header says of one tensor.
 *
 * @param dtype element type
 * @param shape dimensions, outermost first; empty for a scalar
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last one; {@code end - begin} is the product of the shape times the element size
 */
public record TensorInfo(Dtype dtype, long[] shape, long begin, long end) {
    public TensorInfo {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long elements() {
        return (end - begin) / dtype.bytes();
    }

    boolean hasShape(long... expected) {
        return Arrays.equals(shape, expected);
    }
}
