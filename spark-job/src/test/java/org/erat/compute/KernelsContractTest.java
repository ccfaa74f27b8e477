package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What holds for every implementation beside the numbers: shapes are checked, tensors are counted, copies are exact. */
@ParameterizedClass
@MethodSource("implementations")
public class KernelsContractTest {
    private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8);

    private final Backend backend;
    private final Kernels kernels;

    static Stream<Backend> implementations() {
        return Stream.of(
                        List.of(new Nd4jBackend(DataType.FLOAT)),
                        List.of(new OneDnnBackend(Precision.F32)),
                        List.of(new OneDnnBackend(Precision.BF16)),
                        CudaUnderTest.of(Precision.F32),
                        CudaUnderTest.of(Precision.TF32),
                        CudaUnderTest.of(Precision.BF16))
                .<Backend>flatMap(List::stream)
                .filter(CudaUnderTest::isTested);
    }

    KernelsContractTest(Backend backend) {
        this.backend = backend;
        this.kernels = backend.open(1);
    }

    @AfterEach
    void close() {
        kernels.close();
    }

    @Test
    void countsTensorsThatAreNotClosed() {
        Tensor tensor = kernels.allocate(4, 6);
        Tensor view = tensor.rows(1, 3).columns(2, 4);
        assertThat(view.shape()).containsExactly(2, 2);
        assertThat(kernels.outstanding()).isEqualTo(1);
        view.close();
        assertThat(kernels.outstanding()).isEqualTo(1);
        tensor.close();
        tensor.close();
        assertThat(kernels.outstanding()).isZero();
        assertThatIllegalStateException()
                .isThrownBy(() -> kernels.fill(tensor, 0))
                .withMessage("tensor is closed");
    }

    @Test
    void copiesHostArraysOfAnyStrides() {
        INDArray values = Nd4j.arange(60).castTo(DataType.DOUBLE).reshape(5, 12);
        for (INDArray host : List.of(
                values,
                values.castTo(DataType.FLOAT),
                values.castTo(DataType.FLOAT).dup('f'),
                values.transpose(),
                values.castTo(DataType.FLOAT).get(NDArrayIndex.interval(1, 4), NDArrayIndex.interval(2, 11)))) {
            try (Tensor tensor = kernels.upload(host)) {
                assertThat(tensor.shape()).isEqualTo(host.shape());
                INDArray dense = Nd4j.create(DataType.FLOAT, host.shape());
                kernels.download(tensor, dense);
                assertThat(dense).isEqualTo(host.castTo(DataType.FLOAT));
                INDArray larger = Nd4j.zeros(DataType.FLOAT, host.size(0), host.size(1) + 2);
                INDArray window = larger.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 1 + host.size(1)));
                kernels.download(tensor, window);
                assertThat(window.dup('c'))
                        .isEqualTo(host.castTo(DataType.FLOAT).dup('c'));
                assertThat(larger.getColumn(0).sumNumber().doubleValue()).isZero();
                INDArray column = Nd4j.create(new float[] {-1, -1, -1});
                kernels.download(tensor.rows(0, 3).columns(1, 2), column);
                assertThat(column.getDouble(2)).isEqualTo(host.getDouble(2, 1));
            }
        }
    }

    @Test
    void aFlatTensorHoldsMatrices() {
        try (Tensor flat = kernels.uploadSingle(Nd4j.arange(12).castTo(DataType.FLOAT))) {
            INDArray matrix = Nd4j.create(DataType.FLOAT, 2, 3);
            kernels.download(flat.matrix(4, 2, 3), matrix);
            assertThat(matrix).isEqualTo(Nd4j.createFromArray(new float[][] {{4, 5, 6}, {7, 8, 9}}));
            kernels.fill(flat.matrix(4, 2, 3).columns(1, 2), 0);
            INDArray all = Nd4j.create(DataType.FLOAT, 12);
            kernels.download(flat, all);
            assertThat(all.toFloatVector()).containsExactly(0, 1, 2, 3, 4, 0, 6, 7, 0, 9, 10, 11);
            assertThat(kernels.outstanding()).isEqualTo(1);
            refuses(
                    "matrix: [3, 3] from element 4 on is not within a dense tensor of shape [12]",
                    () -> flat.matrix(4, 3, 3));
            refuses(
                    "matrix: [1, 2] from element 0 on is not within a dense tensor of shape [2, 3]",
                    () -> flat.matrix(4, 2, 3).matrix(0, 1, 2));
        }
    }

    /** By the formulas of arXiv 1711.05101, algorithm 2, after a clipped gradient: (3, 4)/2 has the norm 2.5. */
    @Test
    void adamWFollowsItsPaper() {
        try (Tensor parameters = single(10, 20, 30);
                Tensor gradient = single(3, 4, 0);
                Tensor state = single(0.5, 0, 0, 0.25, 0, 0);
                Tensor summary = kernels.allocateSingle(4)) {
            try (Tensor losses = single(1, 2)) {
                kernels.summarise(losses, gradient, 1.25, summary);
            }
            kernels.adamW(
                    new AdamW(0.9, 0.99, 1e-8),
                    0.1,
                    List.of(new AdamW.Stretch(0, 2, 0, 3, 5, 0.2)),
                    parameters,
                    gradient,
                    state,
                    summary);
            assertThat(floats(summary)).containsExactly(1.5f, 2.5f, 0.25f, 0);
            double m0 = 0.9 * 0.5 + 0.1 * 0.75;
            double v0 = 0.99 * 0.25 + 0.01 * 0.75 * 0.75;
            double first = 1 - Math.pow(0.9, 5);
            double second = 1 - Math.pow(0.99, 5);
            double moved = 10 - 0.1 * (m0 / first / (Math.sqrt(v0 / second) + 1e-8) + 0.2 * 10);
            assertThat(floats(parameters)[0]).isCloseTo((float) moved, within(1e-5f));
            assertThat(floats(parameters)[2]).isEqualTo(30);
            assertThat(floats(state)[0]).isCloseTo((float) m0, within(1e-6f));
            assertThat(floats(state)[3]).isCloseTo((float) v0, within(1e-6f));
            assertThat(floats(state)[5]).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"loss", "gradient"})
    void aStepThatIsNotFiniteChangesNothing(String where) {
        boolean inLoss = where.equals("loss");
        try (Tensor parameters = single(1, 2);
                Tensor gradient = single(3, inLoss ? 4 : Double.POSITIVE_INFINITY);
                Tensor state = single(0, 0, 0, 0);
                Tensor losses = single(inLoss ? Double.NaN : 1);
                Tensor summary = kernels.allocateSingle(4)) {
            kernels.summarise(losses, gradient, 1, summary);
            kernels.adamW(
                    ADAMW, 0.1, List.of(new AdamW.Stretch(0, 2, 0, 2, 1, 0.2)), parameters, gradient, state, summary);
            assertThat(floats(summary)[Kernels.SUMMARY_FACTOR]).isNaN();
            assertThat(floats(parameters)).containsExactly(1, 2);
            assertThat(floats(state)).containsOnly(0);
        }
    }

    @Test
    void aStepThatLeavesTheRangeOfNumbersSaysSo() {
        try (Tensor parameters = single(1, 3e38);
                Tensor gradient = single(1, -1);
                Tensor state = single(0, 0, 0, 0);
                Tensor losses = single(1);
                Tensor summary = kernels.allocateSingle(4)) {
            kernels.summarise(losses, gradient, 0, summary);
            kernels.adamW(
                    ADAMW, 1e38, List.of(new AdamW.Stretch(0, 2, 0, 2, 1, 0)), parameters, gradient, state, summary);
            assertThat(floats(summary)[Kernels.SUMMARY_LEFT_RANGE]).isEqualTo(1);
        }
    }

    @Test
    void refusesStretchesOutsideOfTheirVectors() {
        try (Tensor parameters = single(1, 2);
                Tensor state = single(0, 0, 0, 0);
                Tensor summary = kernels.allocateSingle(4)) {
            refuses(
                    "adamW: second moments: [3, 5) is not within [0, 4)",
                    () -> kernels.adamW(
                            ADAMW,
                            0.1,
                            List.of(new AdamW.Stretch(0, 2, 0, 3, 1, 0)),
                            parameters,
                            parameters,
                            state,
                            summary));
        }
    }

    private Tensor single(double... values) {
        return kernels.uploadSingle(Nd4j.createFromArray(values));
    }

    private float[] floats(Tensor tensor) {
        INDArray values = Nd4j.create(DataType.FLOAT, tensor.shape());
        kernels.download(tensor, values);
        return values.toFloatVector();
    }

    @Test
    void frozenValuesStartAtThePositionOfTheirBuffer() {
        FloatBuffer buffer = FloatBuffer.wrap(new float[] {9, 1, 2, 3, 4}).position(1);
        INDArray values = Nd4j.create(DataType.FLOAT, 2, 2);
        kernels.download(backend.frozen(buffer, 2, 2), values);
        assertThat(values).isEqualTo(Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}}));
        assertThat(buffer.position()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 32})
    void whatPaddingHoldsChangesNothingAndItsRowsAreZero(int depth) {
        AttentionShape shape = TestShapes.attention("2:5,2", 2);
        int width = 2 * depth;
        INDArray qkv = Nd4j.rand(DataType.FLOAT, 10, 3 * width);
        INDArray dy = Nd4j.rand(DataType.FLOAT, 10, width);
        float[][] zeros = attention(
                TestShapes.withoutPadding(shape, qkv.dup()), TestShapes.withoutPadding(shape, dy.dup()), shape);
        float[][] noise = attention(qkv.mul(1), dy.mul(-3), shape);
        float[][] real = attention(qkv.mul(1), TestShapes.withoutPadding(shape, dy.mul(-3)), shape);
        assertThat(noise[0]).containsExactly(zeros[0]);
        assertThat(noise[1]).containsExactly(real[1]);
        for (int row = 7; row < 10; row++) {
            assertThat(Arrays.copyOfRange(noise[0], row * width, (row + 1) * width))
                    .containsOnly(0);
            for (float gradient : Arrays.copyOfRange(noise[1], row * 3 * width, (row + 1) * 3 * width)) {
                assertThat(gradient).isZero();
            }
        }
    }

    /** Output and gradient. */
    private float[][] attention(INDArray qkv, INDArray dy, AttentionShape shape) {
        try (Tensor x = kernels.upload(qkv);
                Tensor gradient = kernels.upload(dy)) {
            Attended attended = kernels.attention(x, shape);
            Tensor y = attended.output();
            Tensor dx = kernels.attentionBackward(gradient, x, shape, attended);
            INDArray output = Nd4j.create(DataType.FLOAT, y.shape());
            INDArray input = Nd4j.create(DataType.FLOAT, dx.shape());
            kernels.download(y, output);
            kernels.download(dx, input);
            return new float[][] {output.data().asFloat(), input.data().asFloat()};
        }
    }

    @Test
    void refusesShapesThatDoNotFit() {
        FrozenLinear map = backend.frozenLinear(
                new FloatBuffer[] {FloatBuffer.allocate(12)}, new FloatBuffer[] {FloatBuffer.allocate(3)}, 4);
        Tensor x = kernels.allocate(6, 5);
        Tensor vector = kernels.allocate(5);
        Tensor six = kernels.allocate(6);
        refuses("linear: x has shape [6, 5] where [6, 4] is needed", () -> kernels.linear(x, map));
        refuses("linearBackward: dy has shape [6, 5] where [6, 3] is needed", () -> kernels.linearBackward(x, map));
        refuses("linear: x must be a matrix but has shape [5]", () -> kernels.linear(vector, map));
        refuses(
                "product: a [6, 5], b [6, 5] and c [6, 5] do not fit",
                () -> kernels.product(x, false, x, false, 1, 0, x));
        refuses("add: x has shape [5] where [6, 5] is needed", () -> kernels.add(vector, x));
        refuses(
                "layerNorm: gain has shape [6] where [5] is needed",
                () -> kernels.layerNorm(x, six, vector, 0, six, six));
        refuses(
                "layerNormBackward: dy has shape [5] where [6, 5] is needed",
                () -> kernels.layerNormBackward(vector, vector, vector, 0, new LayerNormState(x, six, six)));
        refuses(
                "activationBackward: dy has shape [5] where [6, 5] is needed",
                () -> kernels.activationBackward(Activation.GELU, vector, x));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> kernels.linearActivation(Activation.GELU_TANH, x, map))
                .withMessageContaining(": x has shape [6, 5] where [6, 4] is needed");
        AttentionShape shape = new AttentionShape(2, 3, 1, new int[] {3, 2});
        refuses(
                "attention: qkv has shape [6, 5] where [6, 3H] with H a multiple of 1 heads is needed",
                () -> kernels.attention(x, shape));
        refuses(
                "attention: length 4 is not within 1..3",
                () -> kernels.attention(x, new AttentionShape(2, 3, 1, new int[] {3, 4})));
        refuses(
                "meanPool: x has shape [6, 5] where [8, 5] is needed",
                () -> kernels.meanPool(x, new AttentionShape(2, 4, 1, new int[] {3, 4})));
        refuses("dropout: rate 1.0 is not within [0, 1)", () -> kernels.dropout(x, 1, 0));
        refuses(
                "embeddings: tokenIds holds 6, outside the table's 6 rows",
                () -> kernels.embeddings(x, x, null, new int[] {6}, null, new int[] {0}));
        refuses(
                "scaleByExample: u [6, 5] with 4 tokens an example and 5 factors do not fit",
                () -> kernels.scaleByExample(x, new float[5], 4));
        refuses("rows: [2, 7) is not within [0, 6)", () -> x.rows(2, 7));
        refuses("columns: [3, 3) is not within [0, 5)", () -> x.columns(3, 3));
        refuses("frozen: 4 values where shape [2, 3] needs 6", () -> backend.frozen(FloatBuffer.allocate(4), 2, 3));
        refuses("tensor: shape [2, 0] has an empty dimension", () -> kernels.allocate(2, 0));
    }

    private static void refuses(String message, ThrowingCallable call) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }
}
