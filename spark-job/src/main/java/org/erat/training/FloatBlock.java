package org.erat.training;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Floats that travel as one piece of little-endian bytes: Java's own serialization takes them one by one. */
public final class FloatBlock implements Serializable {
    private static final long serialVersionUID = 1L;

    private final float[] values;

    public FloatBlock(float[] values) {
        this.values = values;
    }

    public float[] values() {
        return values;
    }

    private Object writeReplace() {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        return new Travelling(bytes);
    }

    private record Travelling(byte[] bytes) implements Serializable {
        private Object readResolve() {
            float[] values = new float[bytes.length / Float.BYTES];
            ByteBuffer.wrap(bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values);
            return new FloatBlock(values);
        }
    }
}
