package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.junit.jupiter.api.Test;

/**
 * What the kernels' matrix products are made of, as emulated, against tables that are not the emulator's: so a wrong idea
 * of where a lane has its elements would show, though kernels and emulator shared it.
 *
 * <p>The tables are those of CUTLASS, include/cute/atom/mma_traits_sm80.hpp, {@code SM80_16x8x16_F32BF16BF16F32_TN}: the
 * place of value v of lane l within A [16,16], B [8,16] (transposed) and C [16,8], all by columns, is
 *
 * <ul>
 *   <li>A: (4,8),(2,2,2) with the strides (32,1),(16,8,128)
 *   <li>B: (4,8),(2,2) with the strides (16,1),(8,64)
 *   <li>C: (4,8),(2,2) with the strides (32,1),(16,8)
 * </ul>
 */
class TilesTest {
    private static final int LANES = 32;

    private final EmulatedDriver driver = assumeCompiler();
    private final Stream stream = driver.open(false);
    private final Launch launch = new Launch();

    private static EmulatedDriver assumeCompiler() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
        return new EmulatedDriver();
    }

    private static int placeInA(int lane, int value) {
        return 32 * (lane % 4) + lane / 4 + 16 * (value % 2) + 8 * (value / 2 % 2) + 128 * (value / 4);
    }

    private static int placeInB(int lane, int value) {
        return 16 * (lane % 4) + lane / 4 + 8 * (value % 2) + 64 * (value / 2);
    }

    private static int placeInC(int lane, int value) {
        return 32 * (lane % 4) + lane / 4 + 16 * (value % 2) + 8 * (value / 2);
    }

    /** Whole numbers that bf16 has, and sums that f32 has: the product is exact. */
    private static float[] matrix(int size, int seed) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (i * 37 + seed) % 101 - 50;
        }
        return values;
    }

    private static int bits(float value) {
        return Float.floatToRawIntBits(value) >>> 16;
    }

    @Test
    void aWarpMultipliesAsTheTablesSay() {
        float[] a = matrix(256, 5);
        float[] b = matrix(128, 11);
        float[] c = matrix(128, 23);
        int[] fragmentsOfA = new int[4 * LANES];
        int[] fragmentsOfB = new int[2 * LANES];
        float[] fragmentsOfC = new float[4 * LANES];
        for (int lane = 0; lane < LANES; lane++) {
            for (int v = 0; v < 8; v++) {
                fragmentsOfA[4 * lane + v / 2] |= bits(a[placeInA(lane, v)]) << (16 * (v % 2));
            }
            for (int v = 0; v < 4; v++) {
                fragmentsOfB[2 * lane + v / 2] |= bits(b[placeInB(lane, v)]) << (16 * (v % 2));
                fragmentsOfC[4 * lane + v] = c[placeInC(lane, v)];
            }
        }
        long result = upload(fragmentsOfC);
        stream.launch(launch.ofBlocks("multiply_fragments", 16, 8, 1, LANES)
                .with(upload(fragmentsOfA))
                .with(upload(fragmentsOfB))
                .with(result));
        float[] product = new float[4 * LANES];
        try (FloatPointer host = new FloatPointer(product.length)) {
            stream.download(result, host, 4L * product.length);
            host.get(product);
        }
        for (int lane = 0; lane < LANES; lane++) {
            for (int v = 0; v < 4; v++) {
                int place = placeInC(lane, v);
                int m = place % 16;
                int n = place / 16;
                float expected = c[place];
                for (int k = 0; k < 16; k++) {
                    expected += a[m + 16 * k] * b[n + 8 * k];
                }
                assertThat(product[4 * lane + v]).as("row %d, column %d", m, n).isEqualTo(expected);
            }
        }
    }

    /**
     * PTX ISA, ldmatrix: of an [8,8] matrix thread 0 receives elements 0 and 1 of row 0, thread 1 elements 2 and 3, thread
     * 4 elements 0 and 1 of row 1; with .trans the matrix is "loaded in column-major format".
     */
    @Test
    void matricesAreSpreadOverTheLanes() {
        int[] rows = new int[4 * LANES];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (2 * i) | ((2 * i + 1) << 16);
        }
        long plain = driver.allocate(16L * LANES);
        long transposed = driver.allocate(16L * LANES);
        stream.launch(launch.ofBlocks("load_matrices", LANES, 8, 1, LANES)
                .with(upload(rows))
                .with(plain)
                .with(transposed));
        int[] asRows = download(plain);
        int[] asColumns = download(transposed);
        for (int matrix = 0; matrix < 4; matrix++) {
            for (int element = 0; element < 64; element++) {
                int row = element / 8;
                int column = element % 8;
                int number = 64 * matrix + element;
                assertThat(half(asRows[4 * (4 * row + column / 2) + matrix], column))
                        .isEqualTo(number);
                assertThat(half(asColumns[4 * (4 * column + row / 2) + matrix], row))
                        .isEqualTo(number);
            }
        }
    }

    private static int half(int pair, int element) {
        return (pair >>> (16 * (element % 2))) & 0xFFFF;
    }

    private long upload(int... values) {
        try (IntPointer host = new IntPointer(values)) {
            long address = driver.allocate(4L * values.length);
            stream.upload(host, address, 4L * values.length);
            return address;
        }
    }

    private long upload(float... values) {
        try (FloatPointer host = new FloatPointer(values)) {
            long address = driver.allocate(4L * values.length);
            stream.upload(host, address, 4L * values.length);
            return address;
        }
    }

    private int[] download(long address) {
        int[] values = new int[4 * LANES];
        try (IntPointer host = new IntPointer(values.length)) {
            stream.download(address, host, 4L * values.length);
            host.get(values);
        }
        return values;
    }
}
