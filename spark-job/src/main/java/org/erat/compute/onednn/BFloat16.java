package org.erat.compute.onednn;

/** The upper half of a float: 8 bits of exponent, 7 of fraction, so that rounding errs by at most 2⁻⁹ of a value. */
final class BFloat16 {
    private static final short NAN = 0x7FC0;

    private BFloat16() {}

    /** The nearest value, of two equally near ones the even one, as processors round. */
    static short of(float value) {
        if (Float.isNaN(value)) {
            return NAN;
        }
        int bits = Float.floatToRawIntBits(value);
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    static float toFloat(short value) {
        return Float.intBitsToFloat(value << 16);
    }
}
