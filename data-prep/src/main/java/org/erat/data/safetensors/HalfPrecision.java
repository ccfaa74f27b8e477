package org.erat.data.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** Widening of 16-bit floats to 32 bits; exact, since every f16 and bf16 value is an f32 value. */
final class HalfPrecision {
    private HalfPrecision() {}

    /** The value of an IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
    static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >>> 10) & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0) {
            // Zero or subnormal: fraction * 2^-24, which an f32 holds as a normal number.
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        // The largest exponent means infinity or NaN in both formats; the others differ by the bias, 127 - 15.
        int wide = exponent == 0x1f ? 0xff : exponent + 112;
        return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
    }

    /** The value of a bfloat16: the upper half of an f32. */
    static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Widens {@code bytes} (little-endian) into a new direct buffer. */
    static FloatBuffer widen(ByteBuffer bytes, Dtype dtype) {
        ShortBuffer halves = bytes.order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        int n = halves.remaining();
        FloatBuffer floats = ByteBuffer.allocateDirect(Math.multiplyExact(n, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        for (int i = 0; i < n; i++) {
            short half = halves.get(i);
            floats.put(i, dtype == Dtype.F16 ? fromF16(half) : fromBf16(half));
        }
        return floats;
    }
}
