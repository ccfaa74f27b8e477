package org.erat.data.safetensors;

import java.nio.FloatBuffer;
import java.util.function.Supplier;

/**
 * A tensor of floats that is read only when it is written, so that a model larger than the heap can be copied.
 *
 * @param dtype element type in the file, F32, F16 or BF16
 * @param shape dimensions, outermost first
 * @param values reads the elements, in row-major order from the buffer's position to its limit; called once per write
 */
public record TensorSource(Dtype dtype, long[] shape, Supplier<FloatBuffer> values) {
    public TensorSource {
        if (!dtype.isFloat()) {
            throw new IllegalArgumentException(dtype + " does not hold floats");
        }
        shape = shape.clone();
    }

    /** A tensor in f32. */
    public TensorSource(long[] shape, Supplier<FloatBuffer> values) {
        this(Dtype.F32, shape, values);
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long elements() {
        long elements = 1;
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("a dimension cannot be " + dimension);
            }
            elements = Math.multiplyExact(elements, dimension);
        }
        return elements;
    }

    /** Bytes in the file. */
    public long bytes() {
        return Math.multiplyExact(elements(), (long) dtype.bytes());
    }
}
