package org.erat.data.safetensors;

import java.nio.FloatBuffer;

/**
 * An f32 tensor in memory.
 *
 * @param shape dimensions, outermost first
 * @param values elements in row-major order, from the buffer's position to its limit
 */
public record FloatTensor(long[] shape, FloatBuffer values) {
    public FloatTensor {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }
}
