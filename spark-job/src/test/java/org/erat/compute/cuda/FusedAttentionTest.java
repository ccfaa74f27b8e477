package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import java.util.function.IntBinaryOperator;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Precision;
import org.erat.compute.Tensor;
import org.erat.compute.nd4j.Nd4jBackend;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What is special about an attention that keeps no weights; the rest it shares with every implementation in {@code
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

    /** Output [N,H], what is kept and gradient [N,3H]. */
    private record Results(INDArray y, INDArray kept, INDArray dqkv) {
        INDArray dValue() {
            return third(2);
        }

        INDArray third(int part) {
            long width = dqkv.size(1) / 3;
            INDArray columns = Nd4j.create(dqkv.dataType(), dqkv.size(0), width);
            for (long i = 0; i < width; i++) {
                columns.putColumn((int) i, dqkv.getColumn(part * width + i));
            }
            return columns;
        }
    }

    private static Results run(Backend backend, AttentionShape shape, INDArray qkv, INDArray dy) {
        try (Kernels kernels = backend.open(1);
                Tensor x = kernels.upload(qkv);
                Tensor gradient = kernels.upload(dy)) {
            Attended attended = kernels.attention(x, shape);
            try (Tensor y = attended.output();
                    Tensor kept = attended.kept();
                    Tensor dqkv = kernels.attentionBackward(gradient, x, shape, attended)) {
                return new Results(download(kernels, y), download(kernels, kept), download(kernels, dqkv));
            }
        }
    }

    private static INDArray download(Kernels kernels, Tensor tensor) {
        INDArray values = Nd4j.create(DataType.DOUBLE, tensor.shape());
        kernels.download(tensor, values);
        return values;
    }

    private static Results fused(EmulatedDriver driver, AttentionShape shape, INDArray qkv, INDArray dy) {
        Results results = run(new CudaBackend(driver, Precision.BF16), shape, qkv, dy);
        driver.checkMarks();
        return results;
    }

    private static Results reference(AttentionShape shape, INDArray qkv, INDArray dy) {
        return run(new Nd4jBackend(DataType.DOUBLE), shape, qkv, dy);
    }

    /** [rows, columns] of numerators over {@code denominator}. */
    private static INDArray matrix(int rows, int columns, int denominator, IntBinaryOperator numerators) {
        float[][] values = new float[rows][columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                values[row][column] = (float) numerators.applyAsInt(row, column) / denominator;
            }
        }
        return Nd4j.createFromArray(values);
    }

    /** Multiples of 1/32 in [-2, 2). */
    private INDArray any(int rows, int columns) {
        return matrix(rows, columns, 32, (row, column) -> random.nextInt(128) - 64);
    }

    private static void assertClose(INDArray actual, INDArray expected) {
        double scale = expected.amaxNumber().doubleValue();
        assertThat(actual.sub(expected).amaxNumber().doubleValue() / scale).isLessThan(HALF);
    }

    private static AttentionShape shape(int heads, int... lengths) {
        int tokens = 0;
        for (int length : lengths) {
            tokens = Math.max(tokens, length);
        }
        return new AttentionShape(lengths.length, tokens, heads, lengths);
    }

    /**
     * A sum of up to 128 products of f32 errs by 128·2⁻²⁴ = 8e-6 of the sum of their sizes, which is less than 4·128/√128
     * = 45: 4e-4, times log₂e.
     */
    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void theLogarithmOfEveryQuerysSumIsKept(int depth) {
        AttentionShape shape = shape(2, 131, 9);
        INDArray qkv = any(2 * 131, 6 * depth);
        INDArray kept =
                fused(new EmulatedDriver(), shape, qkv, any(2 * 131, 2 * depth)).kept();
        assertThat(kept.shape()).containsExactly(2 * 2 * 131);
        for (int example = 0; example < 2; example++) {
            for (int head = 0; head < 2; head++) {
                for (int query = 0; query < shape.lengths()[example]; query++) {
                    double sum = 0;
                    for (int key = 0; key < shape.lengths()[example]; key++) {
                        sum += Math.exp(score(qkv, example * 131 + query, example * 131 + key, head, depth));
                    }
                    assertThat(kept.getDouble((example * 2 + head) * 131 + query))
                            .isCloseTo(Math.log(sum) / Math.log(2), within(6e-4));
                }
            }
        }
    }

    private static double score(INDArray qkv, int query, int key, int head, int depth) {
        double sum = 0;
        for (int d = 0; d < depth; d++) {
            sum += qkv.getDouble(query, head * depth + d) * qkv.getDouble(key, (2 + head) * depth + d);
        }
        return sum / Math.sqrt(depth);
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
        AttentionShape shape = shape(1, tokens);
        INDArray query = matrix(tokens, 32, 1, (row, column) -> 4);
        INDArray key = matrix(tokens, 32, 32, (row, column) -> slope * (row - 100));
        INDArray qkv = Nd4j.hstack(query, any(tokens, 32), key, any(tokens, 32), any(tokens, 64));
        INDArray dy = any(tokens, 64);
        Results expected = reference(shape, qkv, dy);
        Results actual = fused(new EmulatedDriver(), shape, qkv, dy);
        assertClose(actual.y(), expected.y());
        for (int part = 0; part < 3; part++) {
            assertClose(actual.third(part), expected.third(part));
        }
    }

    /** Some of 2000 in size, where e to the power of them is no number that f32 or double has. */
    @ParameterizedTest
    @CsvSource({"32, 1", "32, -1", "64, 1", "64, -1", "128, 1", "128, -1"})
    void scoresMayBeLarge(int depth, int sign) {
        int size = (int) (2000 / Math.sqrt(depth));
        AttentionShape shape = shape(1, 70, 3);
        INDArray query = matrix(140, depth, 1, (row, column) -> 8);
        INDArray key = matrix(140, depth, 4, (row, column) -> sign * size / 8 * 4 + (column == 0 ? row % 3 : 0));
        INDArray qkv = Nd4j.hstack(query, key, any(140, depth));
        INDArray dy = any(140, depth);
        Results expected = reference(shape, qkv, dy);
        Results actual = fused(new EmulatedDriver(), shape, qkv, dy);
        assertClose(actual.y(), expected.y());
        assertClose(actual.dValue(), expected.dValue());
        assertThat(actual.dqkv().isNaN().any() || actual.dqkv().isInfinite().any())
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void theOrderOfThreadsChangesNoBit(int depth) {
        AttentionShape shape = shape(2, 3, 150, 64);
        INDArray qkv = any(450, 6 * depth);
        INDArray dy = any(450, 2 * depth);
        Results one = fused(new EmulatedDriver(), shape, qkv, dy);
        Results other = fused(new EmulatedDriver().backwards(), shape, qkv, dy);
        assertThat(other.y()).isEqualTo(one.y());
        assertThat(other.dqkv()).isEqualTo(one.dqkv());
    }

    /** Those of one head of 768 tokens alone are more than this device has room for. */
    @Test
    void theWeightsAreNeverWritten() {
        EmulatedDriver small = new EmulatedDriver(768 * 768 * Short.BYTES - 1);
        fused(small, shape(1, 768), any(768, 96), any(768, 32));
    }

    @Test
    void nothingIsAllocatedInTheSteadyState() {
        EmulatedDriver driver = new EmulatedDriver();
        AttentionShape shape = shape(2, 20, 7);
        try (Kernels kernels = new CudaBackend(driver, Precision.BF16).open(1)) {
            int allocations = 0;
            for (int step = 0; step < 3; step++) {
                try (Tensor qkv = kernels.upload(any(40, 192));
                        Tensor dy = kernels.upload(any(40, 64))) {
                    Attended attended = kernels.attention(qkv, shape);
                    kernels.attentionBackward(dy, qkv, shape, attended).close();
                    attended.output().close();
                    attended.kept().close();
                }
                kernels.rest();
                allocations = step == 0 ? driver.allocations() : allocations;
            }
            assertThat(driver.allocations()).isEqualTo(allocations);
        }
    }

    @Test
    void whatOtherShapesKeptIsRefused() {
        try (Kernels kernels = new CudaBackend(new EmulatedDriver(), Precision.BF16).open(1);
                Tensor qkv = kernels.upload(any(6, 96));
                Tensor dy = kernels.upload(any(6, 32))) {
            Attended attended = kernels.attention(qkv, shape(1, 6));
            Attended other = new Attended(attended.output(), kernels.allocateSingle(4), true);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.attentionBackward(dy, qkv, shape(1, 6), other))
                    .withMessage("attentionBackward: the logarithms kept has shape [4] where [6] is needed");
        }
    }
}
