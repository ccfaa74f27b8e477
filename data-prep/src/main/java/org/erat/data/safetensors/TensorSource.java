package org.erat.data.safetensors;

import java.nio.FloatBuffer;
import java.util.function.Supplier;

/**
 * An f32 tensor that is read only when it is written, so that a model larger than the heap can be copied.
 *
 * @param shape dimensions, outermost first
 * @param values reads the elements, in row-major order from the buffer's position to its limit; called once per write
 */
public record TensorSource(long[] shape, Supplier<FloatBuffer> values) {
    public TensorSource {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }
}
