package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.nd4j.Nd4jBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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
    private final Backend backend = new Nd4jBackend(DataType.DOUBLE);
    private final Kernels kernels = backend.open(1);

    @AfterEach
    void close() {
        kernels.close();
    }

    @Test
    void linear() {
        FrozenLinear map = backend.frozenLinear(
                new FloatBuffer[] {floats(5 * 3), floats(2 * 3)}, new FloatBuffer[] {floats(5), floats(2)}, 3);
        check(matrix(4, 3), x -> kernels.linear(x, map), (x, dy) -> kernels.linearBackward(dy, map));
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void activation(Activation f) {
        check(matrix(5, 7), x -> kernels.activation(f, x), (x, dy) -> kernels.activationBackward(f, dy, x));
    }

    @Test
    void layerNorm() {
        Tensor gain = backend.frozen(floats(9), 9);
        Tensor bias = backend.frozen(floats(9), 9);
        check(matrix(4, 9), x -> layerNorm(x, gain, bias, null), (x, dy) -> {
            Tensor[] statistics = new Tensor[2];
            layerNorm(x, gain, bias, statistics).close();
            LayerNormState saved = new LayerNormState(x, statistics[0], statistics[1]);
            return kernels.layerNormBackward(dy, gain, bias, 1e-12, saved);
        });
    }

    private Tensor layerNorm(Tensor x, Tensor gain, Tensor bias, Tensor[] statistics) {
        Tensor mean = kernels.allocate(x.shape()[0]);
        Tensor inverseDeviation = kernels.allocate(x.shape()[0]);
        if (statistics != null) {
            statistics[0] = mean;
            statistics[1] = inverseDeviation;
        }
        return kernels.layerNorm(x, gain, bias, 1e-12, mean, inverseDeviation);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1:1", "1:4", "3:4,4,4", "3:4,1,2"})
    void attention(String examples) {
        AttentionShape shape = TestShapes.attention(examples, 2);
        int rows = shape.batch() * shape.tokens();
        INDArray weights = TestShapes.withoutPadding(shape, matrix(rows, 6));
        check(
                matrix(rows, 18),
                weights,
                qkv -> kernels.attention(qkv, shape).output(),
                (qkv, dy) -> kernels.attentionBackward(dy, qkv, shape, kernels.attention(qkv, shape)));
    }

    @Test
    void dropout() {
        check(matrix(6, 5), x -> kernels.dropout(x, 0.3, 11), (x, dy) -> kernels.dropout(dy, 0.3, 11));
    }

    @Test
    void pooling() {
        AttentionShape shape = TestShapes.attention("3:4,1,2", 1);
        check(matrix(12, 5), x -> kernels.meanPool(x, shape), (x, dy) -> kernels.meanPoolBackward(dy, shape));
        check(matrix(12, 5), x -> kernels.firstToken(x, shape), (x, dy) -> kernels.firstTokenBackward(dy, shape));
    }

    private interface Backward {
        Tensor apply(Tensor x, Tensor dy);
    }

    private void check(INDArray x, UnaryOperator<Tensor> forward, Backward backward) {
        Tensor y = forward.apply(kernels.upload(x));
        check(x, matrix(y.shape()[0], y.shape()[1]), forward, backward);
    }

    /** Compares the gradient of the sum of {@code weights}·f(x) at every element of x. */
    private void check(INDArray x, INDArray weights, UnaryOperator<Tensor> forward, Backward backward) {
        INDArray analytic = Nd4j.create(DataType.DOUBLE, x.shape());
        kernels.download(backward.apply(kernels.upload(x), kernels.upload(weights)), analytic);
        for (long i = 0; i < x.length(); i++) {
            double centre = x.getDouble(i);
            x.putScalar(i, centre + STEP);
            double above = objective(x, weights, forward);
            x.putScalar(i, centre - STEP);
            double below = objective(x, weights, forward);
            x.putScalar(i, centre);
            assertThat(Math.abs((above - below) / (2 * STEP) - analytic.getDouble(i)))
                    .as("element %d: analytic %s", i, analytic.getDouble(i))
                    .isLessThan(TOLERANCE);
        }
    }

    private double objective(INDArray x, INDArray weights, UnaryOperator<Tensor> forward) {
        INDArray y = Nd4j.create(DataType.DOUBLE, weights.shape());
        kernels.download(forward.apply(kernels.upload(x)), y);
        return y.mul(weights).sumNumber().doubleValue();
    }

    private INDArray matrix(long rows, long columns) {
        double[] values = random.doubles(rows * columns, -2, 2).toArray();
        return Nd4j.createFromArray(values).reshape(rows, columns);
    }

    private FloatBuffer floats(int size) {
        FloatBuffer values = FloatBuffer.allocate(size);
        for (int i = 0; i < size; i++) {
            values.put(i, random.nextFloat() * 2 - 1);
        }
        return values;
    }
}
