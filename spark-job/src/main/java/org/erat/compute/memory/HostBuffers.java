package org.erat.compute.memory;

import java.nio.Buffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.Pointer;

/** Values of the host: a {@link FloatBuffer} or a {@link DoubleBuffer}, from its position to its limit. */
public final class HostBuffers {
    private HostBuffers() {}

    /** Copies values {@code at}, {@code at} + 1, … behind the position to the start of {@code into}. */
    public static void get(Buffer from, int at, float[] into, int length) {
        if (from instanceof FloatBuffer floats) {
            floats.get(floats.position() + at, into, 0, length);
            return;
        }
        DoubleBuffer doubles = doubles(from);
        int first = doubles.position() + at;
        for (int i = 0; i < length; i++) {
            into[i] = (float) doubles.get(first + i);
        }
    }

    /** Sets values {@code at}, {@code at} + 1, … behind the position. */
    public static void put(Buffer into, int at, float[] from, int length) {
        if (into instanceof FloatBuffer floats) {
            floats.put(floats.position() + at, from, 0, length);
            return;
        }
        DoubleBuffer doubles = doubles(into);
        int first = doubles.position() + at;
        for (int i = 0; i < length; i++) {
            doubles.put(first + i, from[i]);
        }
    }

    private static DoubleBuffer doubles(Buffer buffer) {
        if (buffer instanceof DoubleBuffer doubles) {
            return doubles;
        }
        throw new IllegalArgumentException(
                "host values: " + buffer.getClass().getSimpleName() + " is neither a FloatBuffer nor a DoubleBuffer");
    }

    /** Whether they are floats outside the Java heap as native code reads them. */
    public static boolean areNativeFloats(Buffer values) {
        return values instanceof FloatBuffer floats && floats.isDirect() && floats.order() == ByteOrder.nativeOrder();
    }

    /** Address of the first one, given that they lie outside the Java heap. */
    public static long address(Buffer direct) {
        return new Pointer(direct.slice()).address();
    }
}
