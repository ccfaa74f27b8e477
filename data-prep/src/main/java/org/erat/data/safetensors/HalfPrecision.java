package org.erat.data.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/**
 * 16-bit floats. Widening to 32 bits is exact, since every f16 and bf16 value is an f32 value; narrowing rounds to the
 * nearest, of two the even one.
 */
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

    /** The binary16 next to a value. */
    static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return (short) (sign | 0x7e00);
        }
        // From halfway between the largest number and the next power of two on.
        if (magnitude >= 0x477ff000) {
            return (short) (sign | 0x7c00);
        }
        // Below 2^-14 they are multiples of 2^-24.
        if (magnitude < 0x38800000) {
            return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
        }
        return (short) (sign | (rounded(magnitude, 13) - (112 << 10)));
    }

    /** The bfloat16 next to a value. */
    static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits >>> 16 & 0x8000) | rounded(bits & 0x7fffffff, 16));
    }

    /** The upper bits of a magnitude, rounded; a carry into the exponent is right. */
    private static int rounded(int magnitude, int cut) {
        int half = (1 << (cut - 1)) - 1;
        return (magnitude + half + ((magnitude >>> cut) & 1)) >>> cut;
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
