package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntBinaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.erat.compute.Attention;
import org.erat.compute.Attention.Attended;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestShapes;
import org.erat.compute.TestTensors;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.config.Precision;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is special about an attention that keeps no softmax; the rest it shares with every implementation in {@code
 * ImplementationsAgreeTest}, whose tolerance for bf16 holds here too. Operands are numbers that bf16 has, so that no score
 * depends on how they are rounded.
 */
class FusedAttentionTest {
    private static final double HALF = 1.2e-2;

    private final Random random = new Random(3);

    @BeforeEach
    void needsACompiler() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
    }

    /** Values row by row. */
    private record Matrix(int rows, int columns, float[] values) {
        float at(int row, int column) {
            return values[row * columns + column];
        }

        static Matrix beside(Matrix... parts) {
            int columns = Arrays.stream(parts).mapToInt(Matrix::columns).sum();
            float[] all = new float[parts[0].rows() * columns];
            int first = 0;
            for (Matrix part : parts) {
                for (int row = 0; row < part.rows(); row++) {
                    System.arraycopy(part.values(), row * part.columns(), all, row * columns + first, part.columns());
                }
                first += part.columns();
            }
            return new Matrix(parts[0].rows(), columns, all);
        }

        Tensor upload(Kernels kernels) {
            return kernels.memory().upload(FloatBuffer.wrap(values), rows, columns);
        }
    }

    /** Output [N,H], what is kept and gradient [N,3H]. */
    private record Results(double[] y, double[] kept, double[] dqkv) {
        /** Gradient of the query, the key or the value, of {@code width} columns. */
        double[] third(int part, int width) {
            double[] columns = new double[dqkv.length / 3];
            for (int i = 0; i < columns.length; i++) {
                columns[i] = dqkv[i / width * 3 * width + part * width + i % width];
            }
            return columns;
        }
    }

    private static Results run(Backend backend, Attention.Shape shape, Matrix qkv, Matrix dy) {
        try (Kernels kernels = backend.open(1);
                Tensor x = qkv.upload(kernels);
                Tensor gradient = dy.upload(kernels)) {
            Attended attended = kernels.attention().forward(x, shape);
            try (Tensor y = attended.output();
                    Tensor kept = attended.kept();
                    Tensor dqkv = kernels.attention().backward(gradient, x, shape, attended)) {
                return new Results(
                        TestTensors.doubles(kernels, y),
                        TestTensors.doubles(kernels, kept),
                        TestTensors.doubles(kernels, dqkv));
            }
        }
    }

    private static Results fused(EmulatedDriver driver, Attention.Shape shape, Matrix qkv, Matrix dy) {
        Results results = run(new CudaBackend(driver, Precision.BF16), shape, qkv, dy);
        driver.checkMarks();
        return results;
    }

    private static Results reference(Attention.Shape shape, Matrix qkv, Matrix dy) {
        return run(new Nd4jBackend(Precision.F64), shape, qkv, dy);
    }

    /** [rows, columns] of numerators over {@code denominator}. */
    private static Matrix matrix(int rows, int columns, int denominator, IntBinaryOperator numerators) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) numerators.applyAsInt(i / columns, i % columns) / denominator;
        }
        return new Matrix(rows, columns, values);
    }

    /** Multiples of 1/32 in [-2, 2). */
    private Matrix any(int rows, int columns) {
        return matrix(rows, columns, 32, (row, column) -> random.nextInt(128) - 64);
    }

    private static void assertClose(double[] actual, double[] expected) {
        double scale = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        double largest = IntStream.range(0, expected.length)
                .mapToDouble(i -> Math.abs(actual[i] - expected[i]))
                .max()
                .orElseThrow();
        assertThat(largest / scale).isLessThan(HALF);
    }

    private static Attention.Shape shape(int heads, int headWidth, int... lengths) {
        String examples = Arrays.stream(lengths).mapToObj(Integer::toString).collect(Collectors.joining(","));
        return TestShapes.attention(lengths.length + ":" + examples, heads, headWidth);
    }

    /**
     * A sum of up to 128 products of f32 errs by 128·2⁻²⁴ = 8e-6 of the sum of their sizes, which is less than 4·128/√128
     * = 45: 4e-4, times log₂e.
     */
    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void theLogarithmOfEveryQuerysSumIsKept(int headWidth) {
        Attention.Shape shape = shape(2, headWidth, 131, 9);
        Matrix qkv = any(2 * 131, 6 * headWidth);
        double[] kept = fused(new EmulatedDriver(), shape, qkv, any(2 * 131, 2 * headWidth))
                .kept();
        assertThat(kept).hasSize(2 * 2 * 131);
        for (int example = 0; example < 2; example++) {
            for (int head = 0; head < 2; head++) {
                for (int query = 0; query < shape.lengths()[example]; query++) {
                    double sum = 0;
                    for (int key = 0; key < shape.lengths()[example]; key++) {
                        sum += Math.exp(score(qkv, example * 131 + query, example * 131 + key, head, headWidth));
                    }
                    assertThat(kept[(example * 2 + head) * 131 + query])
                            .isCloseTo(Math.log(sum) / Math.log(2), within(6e-4));
                }
            }
        }
    }

    private static double score(Matrix qkv, int query, int key, int head, int headWidth) {
        double sum = 0;
        for (int d = 0; d < headWidth; d++) {
            sum += qkv.at(query, head * headWidth + d) * qkv.at(key, (2 + head) * headWidth + d);
        }
        return sum / Math.sqrt(headWidth);
    }

    /**
     * By a half for each key, 100 in all: what was summed before a tile of keys is worth nothing after it. Half of the
     * columns see to that, the others are as usual: were all keys in use nearly the same, the rounding of the scores'
     * gradients would be all that is seen in the queries'.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, -1})
    void scoresMayGrowOrFallAlongTheKeys(int slope) {
        int tokens = 201;
        Attention.Shape shape = shape(1, 64, tokens);
        Matrix query = matrix(tokens, 32, 1, (row, column) -> 4);
        Matrix key = matrix(tokens, 32, 32, (row, column) -> slope * (row - 100));
        Matrix qkv = Matrix.beside(query, any(tokens, 32), key, any(tokens, 32), any(tokens, 64));
        Matrix dy = any(tokens, 64);
        Results expected = reference(shape, qkv, dy);
        Results actual = fused(new EmulatedDriver(), shape, qkv, dy);
        assertClose(actual.y(), expected.y());
        for (int part = 0; part < 3; part++) {
            assertClose(actual.third(part, 64), expected.third(part, 64));
        }
    }

    /** Some of 2000 in size, where e to the power of them is no number that f32 or double has. */
    @ParameterizedTest
    @CsvSource({"32, 1", "32, -1", "64, 1", "64, -1", "128, 1", "128, -1"})
    void scoresMayBeLarge(int headWidth, int sign) {
        int size = (int) (2000 / Math.sqrt(headWidth));
        Attention.Shape shape = shape(1, headWidth, 70, 3);
        Matrix query = matrix(140, headWidth, 1, (row, column) -> 8);
        Matrix key = matrix(140, headWidth, 4, (row, column) -> sign * size / 8 * 4 + (column == 0 ? row % 3 : 0));
        Matrix qkv = Matrix.beside(query, key, any(140, headWidth));
        Matrix dy = any(140, headWidth);
        Results expected = reference(shape, qkv, dy);
        Results actual = fused(new EmulatedDriver(), shape, qkv, dy);
        assertClose(actual.y(), expected.y());
        assertClose(actual.third(2, headWidth), expected.third(2, headWidth));
        assertThat(Arrays.stream(actual.dqkv()).allMatch(Double::isFinite)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void theOrderOfThreadsChangesNoBit(int headWidth) {
        Attention.Shape shape = shape(2, headWidth, 3, 150, 64);
        Matrix qkv = any(450, 6 * headWidth);
        Matrix dy = any(450, 2 * headWidth);
        Results one = fused(new EmulatedDriver(), shape, qkv, dy);
        Results other = fused(new EmulatedDriver().backwards(), shape, qkv, dy);
        assertThat(other.y()).isEqualTo(one.y());
        assertThat(other.dqkv()).isEqualTo(one.dqkv());
    }

    /** That of one head of 768 tokens alone is more than this device has room for. */
    @Test
    void theSoftmaxIsNeverWritten() {
        EmulatedDriver small = new EmulatedDriver(768 * 768 * Short.BYTES - 1);
        fused(small, shape(1, 32, 768), any(768, 96), any(768, 32));
    }

    @Test
    void nothingIsAllocatedInTheSteadyState() {
        EmulatedDriver driver = new EmulatedDriver();
        Attention.Shape shape = shape(2, 32, 20, 7);
        try (Kernels kernels = new CudaBackend(driver, Precision.BF16).open(1)) {
            int allocations = 0;
            for (int step = 0; step < 3; step++) {
                try (Tensor qkv = any(40, 192).upload(kernels);
                        Tensor dy = any(40, 64).upload(kernels)) {
                    Attended attended = kernels.attention().forward(qkv, shape);
                    kernels.attention().backward(dy, qkv, shape, attended).close();
                    attended.output().close();
                    attended.kept().close();
                }
                kernels.memory().release();
                allocations = step == 0 ? driver.allocations() : allocations;
            }
            assertThat(driver.allocations()).isEqualTo(allocations);
        }
    }

    @Test
    void whatOtherShapesKeptIsRefused() {
        try (Kernels kernels = new CudaBackend(new EmulatedDriver(), Precision.BF16).open(1);
                Tensor qkv = any(6, 96).upload(kernels);
                Tensor dy = any(6, 32).upload(kernels)) {
            Attended attended = kernels.attention().forward(qkv, shape(1, 32, 6));
            Attended other = new Attended(attended.output(), kernels.memory().allocateSingle(4), true);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.attention().backward(dy, qkv, shape(1, 32, 6), other))
                    .withMessage("attentionBackward: the logarithms kept has shape [4] where [6] is needed");
        }
    }
}
