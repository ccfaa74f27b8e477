package org.erat.data.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfPrecisionTest {
    @TempDir
    private Path directory;

    // Patterns from IEEE 754-2008, binary16.
    @ParameterizedTest
    @CsvSource({
        "0000, 0.0",
        "8000, -0.0",
        "3c00, 1.0",
        "c000, -2.0",
        "3555, 0.333251953125",
        "7bff, 65504.0",
        "0400, 6.103515625E-5",
        "03ff, 6.097555160522461E-5",
        "0001, 5.960464477539063E-8",
        "8001, -5.960464477539063E-8",
        "7c00, Infinity",
        "fc00, -Infinity"
    })
    void knownF16Patterns(String bits, double value) {
        float read = HalfPrecision.fromF16((short) Integer.parseInt(bits, 16));
        assertThat(Float.floatToRawIntBits(read)).isEqualTo(Float.floatToRawIntBits((float) value));
    }

    @ParameterizedTest
    @CsvSource({
        "0000, 0.0",
        "8000, -0.0",
        "3f80, 1.0",
        "c000, -2.0",
        "4049, 3.140625",
        "7f7f, 3.3895313892515355E38",
        "0080, 1.1754943508222875E-38",
        "0001, 9.183549615799121E-41",
        "7f80, Infinity",
        "ff80, -Infinity"
    })
    void knownBf16Patterns(String bits, double value) {
        float read = HalfPrecision.fromBf16((short) Integer.parseInt(bits, 16));
        assertThat(Float.floatToRawIntBits(read)).isEqualTo(Float.floatToRawIntBits((float) value));
    }

    @Test
    void everyF16PatternHasTheValueOfTheFormula() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            int exponent = bits >> 10 & 31;
            int fraction = bits & 1023;
            double sign = bits < 1 << 15 ? 1 : -1;
            float read = HalfPrecision.fromF16((short) bits);
            if (exponent == 31 && fraction != 0) {
                assertThat(read).isNaN();
            } else {
                double value = exponent == 31
                        ? Double.POSITIVE_INFINITY
                        : exponent == 0
                                ? fraction * Math.pow(2, -24)
                                : (1 + fraction / 1024.0) * Math.pow(2, exponent - 15);
                assertThat(Float.compare(read, (float) (sign * value))).isZero();
            }
        }
    }

    @Test
    void notANumberStaysNotANumberInBf16() {
        assertThat(HalfPrecision.fromBf16((short) 0x7fc0)).isNaN();
        assertThat(HalfPrecision.fromBf16((short) 0xff81)).isNaN();
    }

    @Test
    void filesOfHalvesAreReadAsFloats() {
        String header = "{\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[6,10]},"
                + "\"h\":{\"dtype\":\"F16\",\"shape\":[3,1],\"data_offsets\":[0,6]}}";
        byte[] data = SafetensorsBytes.shorts(0x3c00, 0xbc00, 0x0001, 0x3f80, 0xc040);
        Path path = SafetensorsBytes.write(directory.resolve("halves"), SafetensorsBytes.of(header, data));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.requireFloats("h", 3, 1)).isEqualTo(FloatBuffer.wrap(new float[] {1, -1, 0x1p-24f}));
            assertThat(file.requireFloats("b", 2)).isEqualTo(FloatBuffer.wrap(new float[] {1, -3}));
        }
    }

    @Test
    void everyHalfIsNarrowedToItselfAndWhatIsBetweenToTheNearestEvenOne() {
        for (int bits = 0; bits < 0x7c00; bits++) {
            float value = HalfPrecision.fromF16((short) bits);
            // The next, with a half more where there is none.
            double above = bits == 0x7bff ? 65536 : HalfPrecision.fromF16((short) (bits + 1));
            float middle = (float) ((value + above) / 2);
            int even = bits % 2 == 0 ? bits : bits + 1;
            for (int sign : new int[] {1, -1}) {
                int signBit = sign < 0 ? 0x8000 : 0;
                assertThat(HalfPrecision.toF16(sign * value)).isEqualTo((short) (bits | signBit));
                assertThat(HalfPrecision.toF16(sign * middle)).isEqualTo((short) (even | signBit));
                assertThat(HalfPrecision.toF16(sign * Math.nextDown(middle))).isEqualTo((short) (bits | signBit));
                assertThat(HalfPrecision.toF16(sign * Math.nextUp(middle))).isEqualTo((short) (bits + 1 | signBit));
            }
        }
        assertThat(HalfPrecision.toF16(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xfc00);
        assertThat(HalfPrecision.fromF16(HalfPrecision.toF16(Float.NaN))).isNaN();
    }

    @Test
    void everyBfloat16IsNarrowedToItselfAndWhatIsBetweenToTheNearestEvenOne() {
        for (int bits = 0; bits < 0x7f80; bits++) {
            float value = HalfPrecision.fromBf16((short) bits);
            float middle = Float.intBitsToFloat(bits << 16 | 0x8000);
            int even = bits % 2 == 0 ? bits : bits + 1;
            for (int sign : new int[] {1, -1}) {
                int signBit = sign < 0 ? 0x8000 : 0;
                assertThat(HalfPrecision.toBf16(sign * value)).isEqualTo((short) (bits | signBit));
                assertThat(HalfPrecision.toBf16(sign * middle)).isEqualTo((short) (even | signBit));
                assertThat(HalfPrecision.toBf16(sign * Math.nextDown(middle))).isEqualTo((short) (bits | signBit));
                assertThat(HalfPrecision.toBf16(sign * Math.nextUp(middle))).isEqualTo((short) (bits + 1 | signBit));
            }
        }
        assertThat(HalfPrecision.toBf16(Float.POSITIVE_INFINITY)).isEqualTo((short) 0x7f80);
        assertThat(HalfPrecision.fromBf16(HalfPrecision.toBf16(Float.NaN))).isNaN();
    }
}
