package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.erat.compute.Norms.NormState;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The backward pass of every primitive of the reference, in double precision, against central finite differences of its
 * forward pass.
 *
 * <p>Tolerance: a central difference with step h = 1e-5 errs by h²·f‴/6 ≈ 1e-10 in truncation and by ε·|f|/h ≈ 1e-10 in
 * rounding for values of order ten; 1e-8 leaves two digits for sums over a few hundred elements.
 */
class FiniteDifferenceTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-8;

    private final Random random = new Random(7);
    private final Backend backend = new Nd4jBackend(Precision.F64);
    private final Kernels kernels = backend.open(1);

    @AfterEach
    void close() {
        kernels.close();
    }

    @Test
    void linear() {
        FrozenLinear map = backend.frozenLinear(
                new FloatBuffer[] {floats(5 * 3), floats(2 * 3)}, new FloatBuffer[] {floats(5), floats(2)}, 3);
        check(matrix(4, 3), x -> kernels.matrices().linear(x, map), (x, dy) -> kernels.matrices()
                .linearBackward(dy, map));
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void activation(Activation f) {
        check(matrix(5, 7), x -> kernels.pointwise().activation(f, x), (x, dy) -> kernels.pointwise()
                .activationBackward(f, dy, x));
    }

    @Test
    void layerNorm() {
        Tensor weight = backend.frozen(floats(9), 9);
        Tensor bias = backend.frozen(floats(9), 9);
        check(matrix(4, 9), x -> layerNorm(x, weight, bias, null), (x, dy) -> {
            Tensor[] statistics = new Tensor[2];
            layerNorm(x, weight, bias, statistics).close();
            NormState saved = new NormState(x, statistics[0], statistics[1]);
            return kernels.norms().layerNormBackward(dy, weight, bias, 1e-12, saved);
        });
    }

    private Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, Tensor[] statistics) {
        Tensor mean = kernels.memory().allocate(x.shape()[0]);
        Tensor rstd = kernels.memory().allocate(x.shape()[0]);
        if (statistics != null) {
            statistics[0] = mean;
            statistics[1] = rstd;
        }
        return kernels.norms().layerNorm(x, weight, bias, 1e-12, mean, rstd);
    }

    @Test
    void rmsNorm() {
        Tensor weight = backend.frozen(floats(9), 9);
        Norms norms = kernels.norms();
        check(matrix(4, 9), x -> norms.rmsNorm(x, weight, 1e-6, kernels.memory().allocate(4)), (x, dy) -> {
            Tensor rstd = kernels.memory().allocate(4);
            norms.rmsNorm(x, weight, 1e-6, rstd).close();
            return norms.rmsNormBackward(dy, weight, new NormState(x, null, rstd));
        });
    }

    /** The product with a factor is its own backward pass. */
    @Test
    void multiply() {
        Pointwise pointwise = kernels.pointwise();
        Tensor factor = upload(matrix(4, 5));
        check(matrix(4, 5), x -> pointwise.multiply(x, factor), (x, dy) -> pointwise.multiply(dy, factor));
    }

    @ParameterizedTest
    @CsvSource({
        "'1:1', 2, 2, BIDIRECTIONAL",
        "'1:4', 2, 2, BIDIRECTIONAL",
        "'3:3,3,3', 2, 2, BIDIRECTIONAL",
        "'3:3,1,2', 2, 2, BIDIRECTIONAL",
        "'2:2,1', 4, 2, BIDIRECTIONAL",
        "'1:4', 2, 2, CAUSAL",
        "'2:3,2', 2, 2, CAUSAL",
        "'1:3', 4, 2, CAUSAL",
        "'2:2,2', 3, 1, CAUSAL",
        "'1:4', 2, 2, 1",
        "'2:4,3', 4, 2, 2",
        "'1:4', 2, 2, -2",
        "'2:5,3', 4, 2, -2",
        "'1:5', 2, 2, ARRANGED",
        "'2:4,3', 4, 2, ARRANGED"
    })
    void attention(String examples, int heads, int keyValueHeads, String mask) {
        Attention.Shape shape = TestShapes.attention(examples, heads, keyValueHeads, 2, mask);
        Matrix weights = matrix(shape.rows(), shape.queryWidth());
        TestShapes.withoutPadding(shape, weights.values());
        Attention attention = kernels.attention();
        check(
                matrix(shape.rows(), shape.width()),
                weights,
                qkv -> attention.forward(qkv, shape).output(),
                (qkv, dy) -> attention.backward(dy, qkv, shape, attention.forward(qkv, shape)));
    }

    @Test
    void rotation() {
        Tensor angles = backend.frozen(floats(20), 20);
        int[] positions = {4, 0, 2};
        Tokens tokens = kernels.tokens();
        check(
                matrix(3, 8),
                x -> {
                    Tensor y = kernels.pointwise().copy(x);
                    tokens.rotate(y, 4, angles, positions);
                    return y;
                },
                (x, dy) -> {
                    tokens.rotateBackward(dy, 4, angles, positions);
                    return dy;
                });
    }

    @Test
    void dropout() {
        Pointwise pointwise = kernels.pointwise();
        check(matrix(6, 5), x -> pointwise.dropout(x, 0.3, 11, 0), (x, dy) -> pointwise.dropout(dy, 0.3, 11, 0));
    }

    @Test
    void poolingAndGathering() {
        int[] lengths = {4, 1, 2};
        int[] rows = {11, 0, 5, 6};
        Tokens tokens = kernels.tokens();
        check(matrix(12, 5), x -> tokens.meanPool(x, lengths), (x, dy) -> tokens.meanPoolBackward(dy, lengths, 4));
        check(matrix(12, 5), x -> tokens.gather(x, rows), (x, dy) -> tokens.gatherBackward(dy, rows, 12));
    }

    /** The gradient of the sum of the losses of all rows. */
    @Test
    void losses() {
        int[] classes = {2, 0, 3};
        check(
                matrix(3, 4),
                ones(3),
                x -> lossesOf(x, true, classes, null),
                (x, dy) -> lossesOf(x, false, classes, null));
        float[] targets = {0.5f, -1, 2};
        check(
                matrix(3, 1),
                ones(3),
                x -> lossesOf(x, true, null, targets),
                (x, dy) -> lossesOf(x, false, null, targets));
    }

    /** The mean over four labels, so that each has a quarter of the gradient. */
    @Test
    void lossOfIndependentLabels() {
        float[] targets = {1, 0, 0.25f, 1, 0, 0, 1, 1, 0.5f, 0, 1, 0};
        check(
                matrix(3, 4),
                ones(3),
                x -> {
                    Tensor losses = kernels.memory().allocateSingle(3);
                    kernels.losses().binaryCrossEntropy(x, targets, 1, losses);
                    return losses.matrix(0, 3, 1);
                },
                (x, dy) -> {
                    kernels.losses()
                            .binaryCrossEntropy(x, targets, 1, kernels.memory().allocateSingle(3));
                    return x;
                });
    }

    /** Losses as a column, or their gradient. */
    private Tensor lossesOf(Tensor x, boolean values, int[] classes, float[] targets) {
        Tensor losses = kernels.memory().allocateSingle(3);
        if (classes != null) {
            kernels.losses().crossEntropy(x, classes, 0, 1, losses);
        } else {
            kernels.losses().squaredError(x, targets, 1, losses);
        }
        return values ? losses.matrix(0, 3, 1) : x;
    }

    private interface Backward {
        Tensor apply(Tensor x, Tensor dy);
    }

    private record Matrix(long rows, long columns, double[] values) {}

    private void check(Matrix x, UnaryOperator<Tensor> forward, Backward backward) {
        Tensor y = forward.apply(upload(x));
        check(x, matrix(y.shape()[0], y.shape()[1]), forward, backward);
    }

    /** Compares the gradient of the sum of {@code weights}·f(x) at every element of x. */
    private void check(Matrix x, Matrix weights, UnaryOperator<Tensor> forward, Backward backward) {
        double[] analytic = TestTensors.doubles(kernels, backward.apply(upload(x), upload(weights)));
        double[] values = x.values();
        assertThat(analytic).hasSameSizeAs(values);
        for (int i = 0; i < values.length; i++) {
            double centre = values[i];
            values[i] = centre + STEP;
            double above = objective(x, weights, forward);
            values[i] = centre - STEP;
            double below = objective(x, weights, forward);
            values[i] = centre;
            assertThat(Math.abs((above - below) / (2 * STEP) - analytic[i]))
                    .as("element %d: analytic %s", i, analytic[i])
                    .isLessThan(TOLERANCE);
        }
    }

    private double objective(Matrix x, Matrix weights, UnaryOperator<Tensor> forward) {
        double[] y = TestTensors.doubles(kernels, forward.apply(upload(x)));
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            sum += y[i] * weights.values()[i];
        }
        return sum;
    }

    private Tensor upload(Matrix matrix) {
        return kernels.memory().upload(DoubleBuffer.wrap(matrix.values()), matrix.rows(), matrix.columns());
    }

    private Matrix matrix(long rows, long columns) {
        return new Matrix(rows, columns, random.doubles(rows * columns, -2, 2).toArray());
    }

    private static Matrix ones(int rows) {
        double[] ones = new double[rows];
        Arrays.fill(ones, 1);
        return new Matrix(rows, 1, ones);
    }

    private FloatBuffer floats(int size) {
        return TestTensors.floats(random, size);
    }
}
