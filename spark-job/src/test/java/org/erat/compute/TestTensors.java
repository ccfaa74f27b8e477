package org.erat.compute;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Random;
import java.util.stream.LongStream;

/** Values of tensors as arrays, and values to make tensors of. */
public final class TestTensors {
    private TestTensors() {}

    /** The elements row by row. */
    public static double[] doubles(Kernels kernels, Tensor tensor) {
        DoubleBuffer values = DoubleBuffer.allocate(size(tensor.shape()));
        kernels.memory().download(tensor, values);
        return values.array();
    }

    /** The elements row by row. */
    public static float[] floats(Kernels kernels, Tensor tensor) {
        FloatBuffer values = FloatBuffer.allocate(size(tensor.shape()));
        kernels.memory().download(tensor, values);
        return values.array();
    }

    /** Elements of a shape. */
    public static int size(long... shape) {
        return Math.toIntExact(LongStream.of(shape).reduce(1, Math::multiplyExact));
    }

    /** A vector in single precision. */
    public static Tensor single(Kernels kernels, double... values) {
        return kernels.memory().uploadSingle(DoubleBuffer.wrap(values), values.length);
    }

    /** Uniform in [-1, 1). */
    public static FloatBuffer floats(Random random, int size) {
        FloatBuffer values = FloatBuffer.allocate(size);
        for (int i = 0; i < size; i++) {
            values.put(i, random.nextFloat() * 2 - 1);
        }
        return values;
    }

    /** A copy outside the Java heap, in the middle of a larger buffer. */
    public static FloatBuffer direct(FloatBuffer values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Float.BYTES * (values.remaining() + 1))
                .order(ByteOrder.nativeOrder());
        bytes.position(Float.BYTES);
        FloatBuffer copy = bytes.asFloatBuffer();
        copy.put(0, values, values.position(), values.remaining());
        return copy;
    }
}
