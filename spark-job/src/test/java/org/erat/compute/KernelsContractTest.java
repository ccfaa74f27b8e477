package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.erat.compute.Attention.Attended;
import org.erat.compute.Norms.NormState;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.safetensors.Dtype;
import org.erat.data.tokenized.Visibility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every implementation beside the numbers: shapes are checked, tensors are counted, copies are exact. */
@ParameterizedClass
@MethodSource("implementations")
public class KernelsContractTest {
    private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8);

    private final Backend backend;
    private final Kernels kernels;
    private final Memory memory;

    static Stream<Backend> implementations() {
        return Stream.of(
                        List.of(new Nd4jBackend(Precision.F32)),
                        List.of(new Nd4jBackend(Precision.F64)),
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
        this.memory = kernels.memory();
    }

    @AfterEach
    void close() {
        kernels.close();
    }

    @Test
    void countsTensorsThatAreNotClosed() {
        Tensor tensor = memory.allocate(4, 6);
        Tensor view = tensor.rows(1, 3).columns(2, 4);
        assertThat(view.shape()).containsExactly(2, 2);
        assertThat(memory.outstanding()).isEqualTo(1);
        assertThatIllegalStateException().isThrownBy(memory::release).withMessage("1 tensors are not closed");
        view.close();
        assertThat(memory.outstanding()).isEqualTo(1);
        tensor.close();
        tensor.close();
        assertThat(memory.outstanding()).isZero();
        assertThatIllegalStateException()
                .isThrownBy(() -> kernels.pointwise().fill(tensor, 0))
                .withMessage("tensor is closed");
        assertThatIllegalStateException()
                .isThrownBy(() -> kernels.pointwise().fill(view, 0))
                .withMessage("tensor is closed");
        memory.release();
    }

    private static FloatBuffer nativeFloats(float... values) {
        FloatBuffer direct = ByteBuffer.allocateDirect(Float.BYTES * (values.length + 1))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .position(1);
        direct.put(1, values);
        return direct;
    }

    private static DoubleBuffer nativeDoubles(double... values) {
        DoubleBuffer direct = ByteBuffer.allocateDirect(Double.BYTES * (values.length + 1))
                .order(ByteOrder.nativeOrder())
                .asDoubleBuffer()
                .position(1);
        direct.put(1, values);
        return direct;
    }

    /** Whole numbers up to 59, which bf16 has. */
    private static List<Buffer> sixty() {
        float[] floats = new float[60];
        double[] doubles = new double[60];
        for (int i = 0; i < 60; i++) {
            floats[i] = i;
            doubles[i] = i;
        }
        float[] longer = new float[63];
        System.arraycopy(floats, 0, longer, 2, 60);
        return List.of(
                FloatBuffer.wrap(floats),
                FloatBuffer.wrap(longer, 2, 60),
                FloatBuffer.wrap(floats).asReadOnlyBuffer(),
                DoubleBuffer.wrap(doubles),
                nativeFloats(floats),
                nativeDoubles(doubles),
                ByteBuffer.allocateDirect(4 * 60)
                        .order(ByteOrder.BIG_ENDIAN)
                        .asFloatBuffer()
                        .put(0, floats));
    }

    @Test
    void copiesHostValuesFromTheirPositionToTheirLimit() {
        for (Buffer host : sixty()) {
            int position = host.position();
            for (Tensor tensor : List.of(memory.upload(host, 5, 12), memory.uploadSingle(host, 5, 12))) {
                assertThat(host.position()).isEqualTo(position);
                assertThat(tensor.shape()).containsExactly(5, 12);
                float[] floats = TestTensors.floats(kernels, tensor);
                double[] doubles = TestTensors.doubles(kernels, tensor);
                for (int i = 0; i < 60; i++) {
                    assertThat(floats[i]).isEqualTo(i);
                    assertThat(doubles[i]).isEqualTo(i);
                }
                tensor.close();
            }
        }
    }

    @Test
    void copiesViewsRowByRowIntoBuffersOfAnyKind() {
        try (Tensor tensor = memory.upload(sixty().get(0), 5, 12)) {
            Tensor view = tensor.rows(1, 3).columns(2, 5);
            float[] expected = {14, 15, 16, 26, 27, 28};
            FloatBuffer heap = FloatBuffer.wrap(new float[8], 1, 6);
            memory.download(view, heap);
            assertThat(heap.array()).containsExactly(0, 14, 15, 16, 26, 27, 28, 0);
            assertThat(heap.position()).isEqualTo(1);
            FloatBuffer direct = nativeFloats(new float[6]);
            memory.download(view, direct);
            float[] copied = new float[6];
            direct.get(1, copied);
            assertThat(copied).containsExactly(expected);
            DoubleBuffer doubles = nativeDoubles(new double[6]);
            memory.download(view, doubles);
            assertThat(doubles.get(6)).isEqualTo(28);
            try (Tensor column = kernels.pointwise().copy(tensor.rows(0, 3).columns(1, 2))) {
                assertThat(column.shape()).containsExactly(3, 1);
                assertThat(TestTensors.floats(kernels, column)).containsExactly(1, 13, 25);
            }
        }
    }

    @Test
    void refusesBuffersThatDoNotFit() {
        refuses("upload: 6 values into shape [2, 2]", () -> memory.upload(FloatBuffer.allocate(6), 2, 2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> memory.upload(IntBuffer.allocate(4), 2, 2))
                .withMessageContaining("is neither a FloatBuffer nor a DoubleBuffer");
        try (Tensor tensor = memory.allocate(2, 2)) {
            refuses("download: shape [2, 2] into 3 values", () -> memory.download(tensor, FloatBuffer.allocate(3)));
        }
    }

    /** Whatever is written to a shared tensor is written to the values, and the other way round. */
    @Test
    void sharedTensorsAreTheHostsValuesThemselves() {
        FloatBuffer floats = nativeFloats(1, 2, 3, 4);
        DoubleBuffer doubles = nativeDoubles(1, 2, 3, 4);
        assertThat(memory.share(FloatBuffer.allocate(4), memory.single(), 4)).isNull();
        Tensor shared = memory.share(memory.single() == Dtype.F64 ? doubles : floats, memory.single(), 4);
        if (memory.onDevice()) {
            assertThat(shared).isNull();
            return;
        }
        assertThat(memory.outstanding()).isZero();
        kernels.pointwise().fill(shared.matrix(1, 1, 2), 7);
        floats.put(4, 9);
        doubles.put(4, 9);
        assertThat(TestTensors.floats(kernels, shared)).containsExactly(1, 7, 7, 9);
        assertThat(memory.single() == Dtype.F64 ? doubles.get(2) : floats.get(2))
                .isEqualTo(7);
        try (Tensor losses = single(0);
                Tensor summary = memory.allocateSingle(4)) {
            kernels.update().clip(losses, shared, Math.sqrt(45), summary);
            assertThat(floats(summary)[Update.NORM]).isCloseTo((float) Math.sqrt(180), within(1e-5f));
        }
        assertThat(memory.single() == Dtype.F64 ? doubles.get(2) : floats.get(2))
                .isEqualTo(3.5f);
        shared.close();
        assertThat(memory.single() == Dtype.F64 ? doubles.get(4) : floats.get(4))
                .isEqualTo(4.5f);
        assertThatIllegalStateException()
                .isThrownBy(() -> kernels.pointwise().fill(shared, 0))
                .withMessage("tensor is closed");
    }

    @Test
    void aFlatTensorHoldsMatrices() {
        try (Tensor flat = memory.uploadSingle(sixty().get(3).duplicate().limit(12), 12)) {
            assertThat(TestTensors.floats(kernels, flat.matrix(4, 2, 3))).containsExactly(4, 5, 6, 7, 8, 9);
            kernels.pointwise().fill(flat.matrix(4, 2, 3).columns(1, 2), 0);
            assertThat(TestTensors.floats(kernels, flat)).containsExactly(0, 1, 2, 3, 4, 0, 6, 7, 0, 9, 10, 11);
            assertThat(memory.outstanding()).isEqualTo(1);
            refuses(
                    "matrix: [3, 3] from element 4 on is not within a dense tensor of shape [12]",
                    () -> flat.matrix(4, 3, 3));
            refuses(
                    "matrix: [1, 2] from element 0 on is not within a dense tensor of shape [2, 3]",
                    () -> flat.matrix(4, 2, 3).matrix(0, 1, 2));
        }
    }

    // ---- update

    /** By the formulas of arXiv 1711.05101, algorithm 2, after clipping: (1.5, 2) has the norm 2.5. */
    @Test
    void adamWFollowsItsPaper() {
        try (Tensor parameters = single(10, 20, 30);
                Tensor gradient = single(1.5, 2, 0);
                Tensor state = single(0.5, 0, 0, 0.25, 0, 0);
                Tensor summary = memory.allocateSingle(4)) {
            try (Tensor losses = single(1, 2)) {
                kernels.update().clip(losses, gradient, 1.25, summary);
            }
            assertThat(floats(summary)).containsExactly(1.5f, 2.5f, 1, 0);
            assertThat(floats(gradient)).containsExactly(0.75f, 1, 0);
            kernels.update()
                    .adamW(
                            new AdamW(0.9, 0.99, 1e-8),
                            0.1,
                            List.of(new AdamW.Segment(0, 2, 0, 3, 5, 0.2)),
                            parameters,
                            gradient,
                            state,
                            summary);
            double m0 = 0.9 * 0.5 + 0.1 * 0.75;
            double v0 = 0.99 * 0.25 + 0.01 * 0.75 * 0.75;
            double first = 1 - Math.pow(0.9, 5);
            double second = 1 - Math.pow(0.99, 5);
            double step = 0.1 * (m0 / first / (Math.sqrt(v0 / second) + 1e-8) + 0.2 * 10);
            assertThat(floats(gradient)[0]).isCloseTo((float) step, within(1e-6f));
            assertThat(floats(gradient)[2]).isZero();
            assertThat(floats(parameters)).containsExactly(10, 20, 30);
            assertThat(floats(state)[0]).isCloseTo((float) m0, within(1e-6f));
            assertThat(floats(state)[3]).isCloseTo((float) v0, within(1e-6f));
            assertThat(floats(state)[5]).isZero();
            assertThat(floats(summary)).containsExactly(1.5f, 2.5f, 1, 0);
        }
    }

    /** 3 and 4 are left as they are where their norm is no more than is allowed, or everything is. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 5, 1e9})
    void aGradientOfAllowedNormIsNotScaled(double maxNorm) {
        try (Tensor gradient = single(3, 4);
                Tensor losses = single(2);
                Tensor summary = memory.allocateSingle(4)) {
            kernels.update().clip(losses, gradient, maxNorm, summary);
            assertThat(floats(gradient)).containsExactly(3, 4);
            assertThat(floats(summary)).containsExactly(2, 5, 1, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"loss", "gradient"})
    void aStepThatIsNotFiniteChangesNothing(String where) {
        boolean inLoss = where.equals("loss");
        double last = inLoss ? 4 : Double.POSITIVE_INFINITY;
        try (Tensor parameters = single(1, 2);
                Tensor gradient = single(3, last);
                Tensor state = single(0, 0, 0, 0);
                Tensor losses = single(inLoss ? Double.NaN : 1);
                Tensor summary = memory.allocateSingle(4)) {
            kernels.update().clip(losses, gradient, 1, summary);
            kernels.update()
                    .adamW(
                            ADAMW,
                            0.1,
                            List.of(new AdamW.Segment(0, 2, 0, 2, 1, 0.2)),
                            parameters,
                            gradient,
                            state,
                            summary);
            assertThat(floats(summary)[Update.FINITE]).isZero();
            assertThat(floats(parameters)).containsExactly(1, 2);
            assertThat(floats(gradient)).containsExactly(3, (float) last);
            assertThat(floats(state)).containsOnly(0);
        }
    }

    @Test
    void aStepAfterWhichAParameterWouldOverflowSaysSo() {
        double largest = memory.single() == Dtype.F64 ? Double.MAX_VALUE : 3e38;
        try (Tensor parameters = single(1, largest);
                Tensor gradient = single(1, -1);
                Tensor state = single(0, 0, 0, 0);
                Tensor losses = single(1);
                Tensor summary = memory.allocateSingle(4)) {
            kernels.update().clip(losses, gradient, 0, summary);
            kernels.update()
                    .adamW(
                            ADAMW,
                            largest / 3,
                            List.of(new AdamW.Segment(0, 2, 0, 2, 1, 0)),
                            parameters,
                            gradient,
                            state,
                            summary);
            assertThat(floats(summary)[Update.OVERFLOW]).isEqualTo(1);
        }
    }

    @Test
    void refusesSegmentsOutsideOfTheirVectors() {
        try (Tensor parameters = single(1, 2);
                Tensor state = single(0, 0, 0, 0);
                Tensor summary = memory.allocateSingle(4)) {
            refuses("adamW: second moments: [3, 5) is not within [0, 4)", () -> kernels.update()
                    .adamW(
                            ADAMW,
                            0.1,
                            List.of(new AdamW.Segment(0, 2, 0, 3, 1, 0)),
                            parameters,
                            parameters,
                            state,
                            summary));
        }
    }

    private Tensor single(double... values) {
        return TestTensors.single(kernels, values);
    }

    private float[] floats(Tensor tensor) {
        return TestTensors.floats(kernels, tensor);
    }

    // ---- frozen values

    @Test
    void frozenValuesStartAtThePositionOfTheirBuffer() {
        FloatBuffer buffer = FloatBuffer.wrap(new float[] {9, 1, 2, 3, 4}).position(1);
        assertThat(floats(backend.frozen(buffer, 2, 2))).containsExactly(1, 2, 3, 4);
        assertThat(buffer.position()).isEqualTo(1);
    }

    @Test
    void frozenTensorsAndMapsAreFreedWhenTheyAreClosed() {
        Tensor table = backend.frozen(FloatBuffer.allocate(4), 2, 2);
        FrozenLinear map = backend.frozenLinear(
                new FloatBuffer[] {FloatBuffer.allocate(12)}, new FloatBuffer[] {FloatBuffer.allocate(3)}, 4);
        Tensor x = memory.allocate(2, 4);
        kernels.matrices().linear(x, map).close();
        Tensor row = table.rows(0, 1);
        table.close();
        table.close();
        map.close();
        map.close();
        assertThatIllegalStateException().isThrownBy(() -> floats(table)).withMessage("tensor is closed");
        assertThatIllegalStateException().isThrownBy(() -> floats(row)).withMessage("tensor is closed");
        assertThatIllegalStateException()
                .isThrownBy(() -> kernels.matrices().linear(x, map))
                .withMessageContaining("is closed");
    }

    // ---- attention

    @ParameterizedTest
    @CsvSource({
        "4, 2, BIDIRECTIONAL",
        "32, 2, BIDIRECTIONAL",
        "8, 1, BIDIRECTIONAL",
        "4, 2, CAUSAL",
        "32, 1, CAUSAL",
        "4, 2, 1",
        "32, 1, 2",
        "4, 2, -1",
        "32, 1, -2",
        "4, 2, ARRANGED",
        "32, 1, ARRANGED"
    })
    void whatPaddingHoldsChangesNothingAndItsRowsAreZero(int headWidth, int keyValueHeads, String mask) {
        Attention.Shape shape = TestShapes.attention("2:5,2", 2, keyValueHeads, headWidth, mask);
        double[] qkv = random(10 * shape.width());
        double[] dy = random(10 * shape.queryWidth());
        float[][] zeros = attention(
                TestShapes.withoutPadding(shape, qkv.clone()), TestShapes.withoutPadding(shape, dy.clone()), shape);
        double[] other = Arrays.stream(dy).map(one -> -3 * one).toArray();
        float[][] noise = attention(qkv, other, shape);
        float[][] real = attention(qkv, TestShapes.withoutPadding(shape, other.clone()), shape);
        assertThat(noise[0]).containsExactly(zeros[0]);
        assertThat(noise[1]).containsExactly(real[1]);
        for (int row = 7; row < 10; row++) {
            assertThat(row(noise[0], row, shape.queryWidth())).containsOnly(0);
            for (float gradient : row(noise[1], row, shape.width())) {
                assertThat(gradient).isZero();
            }
        }
    }

    /** The first output of a causal attention is its first value, and no later token changes an earlier output. */
    @ParameterizedTest
    @CsvSource({"4, 2", "32, 2", "8, 1"})
    void laterTokensChangeNoEarlierOutputWhereTheMaskIsCausal(int headWidth, int keyValueHeads) {
        Attention.Shape shape = TestShapes.attention("2:5,5", 2, keyValueHeads, headWidth, Mask.CAUSAL);
        double[] qkv = random(10 * shape.width());
        double[] dy = new double[10 * shape.queryWidth()];
        float[] one = attention(qkv, dy, shape)[0];
        for (int i = 3 * shape.width(); i < 5 * shape.width(); i++) {
            qkv[i] *= -2;
        }
        float[] other = attention(qkv, dy, shape)[0];
        int kept = 3 * shape.queryWidth();
        assertThat(Arrays.copyOf(other, kept)).containsExactly(Arrays.copyOf(one, kept));
        assertThat(row(other, 4, shape.queryWidth())).isNotEqualTo(row(one, 4, shape.queryWidth()));
    }

    @ParameterizedTest
    @CsvSource({"4, 2", "32, 2", "8, 1"})
    void keysBeforeTheWindowOfAQueryChangeNothing(int headWidth, int keyValueHeads) {
        Attention.Shape shape = TestShapes.attention("2:5,5", 2, keyValueHeads, headWidth, Mask.slidingWindow(2));
        double[] qkv = random(10 * shape.width());
        double[] dy = new double[10 * shape.queryWidth()];
        float[] one = attention(qkv, dy, shape)[0];
        for (int i = 0; i < 3 * shape.width(); i++) {
            qkv[i] *= -2;
        }
        float[] other = attention(qkv, dy, shape)[0];
        assertThat(row(other, 3, shape.queryWidth())).isNotEqualTo(row(one, 3, shape.queryWidth()));
        assertThat(row(other, 4, shape.queryWidth())).containsExactly(row(one, 4, shape.queryWidth()));
    }

    /** Fewer than two places away. */
    private static final Visibility NEAR =
            new Visibility(new int[] {0, 0, 1, 2, 3, 0, 0, 1, 0, 0}, new int[] {2, 3, 4, 5, 5, 2, 3, 3, 0, 0});

    private static final Visibility BEFORE = new Visibility(new int[10], new int[] {1, 2, 3, 4, 5, 1, 2, 3, 0, 0});

    @ParameterizedTest
    @CsvSource({"4, 2, CAUSAL", "32, 2, CAUSAL", "8, 1, CAUSAL", "4, 2, -2", "32, 2, -2", "8, 1, -2"})
    void aVisibilityThatSaysWhatAMaskSaysGivesTheSameBits(int headWidth, int keyValueHeads, String mask) {
        Attention.Shape causal = TestShapes.attention("2:5,3", 2, keyValueHeads, headWidth, mask);
        Attention.Shape arranged = TestShapes.arranged(
                TestShapes.attention("2:5,3", 2, keyValueHeads, headWidth, Mask.BIDIRECTIONAL),
                mask.equals("CAUSAL") ? BEFORE : NEAR);
        double[] qkv = random(10 * causal.width());
        double[] dy = random(10 * causal.queryWidth());
        assertThat(attention(qkv, dy, arranged)).isDeepEqualTo(attention(qkv, dy, causal));
    }

    /** The last token, which sees the first two and itself: as a pseudo token does. */
    @ParameterizedTest
    @CsvSource({"4, 2", "32, 2", "8, 1"})
    void aTokenSeesItsIntervalAndItself(int headWidth, int keyValueHeads) {
        Attention.Shape shape = TestShapes.arranged(
                TestShapes.attention("1:5", 2, keyValueHeads, headWidth, Mask.BIDIRECTIONAL),
                new Visibility(new int[5], new int[] {4, 4, 4, 4, 2}));
        double[] qkv = random(5 * shape.width());
        double[] dy = random(5 * shape.queryWidth());
        float[] one = attention(qkv, dy, shape)[0];
        for (int token = 0; token < 5; token++) {
            double[] changed = qkv.clone();
            for (int i = token * shape.width() + shape.queryWidth(); i < (token + 1) * shape.width(); i++) {
                changed[i] *= -2;
            }
            float[] other = attention(changed, dy, shape)[0];
            boolean seen = token < 2 || token == 4;
            assertThat(Arrays.equals(row(other, 4, shape.queryWidth()), row(one, 4, shape.queryWidth())))
                    .as("the last token without token %d", token)
                    .isEqualTo(!seen);
            assertThat(Arrays.equals(row(other, 0, shape.queryWidth()), row(one, 0, shape.queryWidth())))
                    .as("the first token without token %d", token)
                    .isEqualTo(token == 4);
        }
    }

    /** As the neighbouring positions of two tokens are, so is the product of their rotations. */
    @Test
    void scoresOfRotatedHeadsDependOnTheDistanceOfTheirPositions() {
        float[] table = new float[10 * 4];
        for (int i = 0; i < 10; i++) {
            for (int pair = 0; pair < 2; pair++) {
                table[4 * i + pair] = (float) Math.cos(i * (pair + 0.3));
                table[4 * i + 2 + pair] = (float) Math.sin(i * (pair + 0.3));
            }
        }
        Tensor angles = backend.frozen(FloatBuffer.wrap(table), table.length);
        double[] scores = new double[2];
        for (int i = 0; i < 2; i++) {
            try (Tensor x = memory.upload(DoubleBuffer.wrap(new double[] {1, 2, -0.5, 1, 0.25, -1, 2, 0.5}), 2, 4)) {
                kernels.tokens().rotate(x, 4, angles, new int[] {2 + 5 * i, 4 + 5 * i});
                double[] rotated = TestTensors.doubles(kernels, x);
                for (int j = 0; j < 4; j++) {
                    scores[i] += rotated[j] * rotated[4 + j];
                }
            }
        }
        // Eight elements up to 2, each rounded to bf16 by 2⁻⁹ of itself, in two products.
        assertThat(scores[0]).isCloseTo(scores[1], within(memory.activations() == Dtype.BF16 ? 0.05 : 1e-5));
    }

    private static double[] random(int size) {
        return new Random(11).doubles(size).map(x -> (float) x).toArray();
    }

    private static float[] row(float[] values, int row, int columns) {
        return Arrays.copyOfRange(values, row * columns, (row + 1) * columns);
    }

    /** Output and gradient. */
    private float[][] attention(double[] qkv, double[] dy, Attention.Shape shape) {
        try (Tensor x = memory.upload(DoubleBuffer.wrap(qkv), shape.rows(), shape.width());
                Tensor gradient = memory.upload(DoubleBuffer.wrap(dy), shape.rows(), shape.queryWidth())) {
            Attended attended = kernels.attention().forward(x, shape);
            try (Tensor y = attended.output();
                    Tensor kept = attended.kept();
                    Tensor dx = kernels.attention().backward(gradient, x, shape, attended)) {
                assertThat(kept.shape()).isNotEmpty();
                return new float[][] {floats(y), floats(dx)};
            }
        }
    }

    // ---- shapes

    @Test
    void refusesShapesThatDoNotFit() {
        FrozenLinear map = backend.frozenLinear(
                new FloatBuffer[] {FloatBuffer.allocate(12)}, new FloatBuffer[] {FloatBuffer.allocate(3)}, 4);
        Tensor x = memory.allocate(6, 5);
        Tensor vector = memory.allocate(5);
        Tensor six = memory.allocateSingle(6);
        Tensor logits = memory.allocateSingle(6, 5);
        Matrices matrices = kernels.matrices();
        refuses("linear: x has shape [6, 5] where [6, 4] is needed", () -> matrices.linear(x, map));
        refuses("linearBackward: dy has shape [6, 5] where [6, 3] is needed", () -> matrices.linearBackward(x, map));
        refuses("linear: x must be a matrix but has shape [5]", () -> matrices.linear(vector, map));
        refuses(
                "matmul: a [6, 5], b [6, 5] and c [6, 5] do not fit",
                () -> matrices.matmul(x, false, x, false, 1, 0, x));
        refuses("add: x has shape [5] where [6, 5] is needed", () -> kernels.pointwise()
                .add(vector, x));
        refuses("subtract: x has shape [5] where [6, 5] is needed", () -> kernels.pointwise()
                .subtract(vector, x));
        refuses("multiply: y has shape [5] where [6, 5] is needed", () -> kernels.pointwise()
                .multiply(x, vector));
        refuses("rmsNorm: weight has shape [6] where [5] is needed", () -> kernels.norms()
                .rmsNorm(x, six, 0, six));
        refuses("layerNorm: weight has shape [6] where [5] is needed", () -> kernels.norms()
                .layerNorm(x, six, vector, 0, six, six));
        refuses("layerNormBackward: dy has shape [5] where [6, 5] is needed", () -> kernels.norms()
                .layerNormBackward(vector, vector, vector, 0, new NormState(x, six, six)));
        refuses("activationBackward: dy has shape [5] where [6, 5] is needed", () -> kernels.pointwise()
                .activationBackward(Activation.GELU, vector, x));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> matrices.linearActivation(Activation.GELU_TANH, x, map))
                .withMessageContaining(": x has shape [6, 5] where [6, 4] is needed");
        refusesAttentions(x);
        refusesRotations(x);
        Tokens tokens = kernels.tokens();
        refuses(
                "meanPool: x has shape [6, 5], whose rows are not those of 4 examples",
                () -> tokens.meanPool(x, new int[] {1, 1, 1, 1}));
        refuses("meanPool: length 4 is not within 1..3", () -> tokens.meanPool(x, new int[] {3, 4}));
        refuses("gather: rows holds 6, outside the 6 rows", () -> tokens.gather(x, new int[] {0, 6}));
        refuses(
                "gatherBackward: dy has shape [6, 5] where [2, 5] is needed",
                () -> tokens.gatherBackward(x, new int[] {0, 1}, 6));
        refuses(
                "gatherBackward: rows holds 1 twice",
                () -> tokens.gatherBackward(x.rows(0, 3), new int[] {1, 0, 1}, 6));
        refuses(
                "embeddings: tokenIds holds 6, outside the 6 rows",
                () -> tokens.embeddings(x, x, null, new int[] {6}, null, new int[] {0}));
        refuses(
                "embeddings: positions has no entries where 1 are needed",
                () -> tokens.embeddings(x, x, null, new int[] {0}, null, null));
        refuses("dropout: rate 1.0 is not within [0, 1)", () -> kernels.pointwise()
                .dropout(x, 1, 0, 0));
        refuses("dropout: first element 3 is not an even number", () -> kernels.pointwise()
                .dropout(x, 0.5, 0, 3));
        refuses("scaleColumns: u [6, 5] with 4 tokens an example and 6 factors do not fit", () -> kernels.pointwise()
                .scaleColumns(x, new float[6], 4));
        refuses("crossEntropy: 1 classes for logits of shape [6, 5]", () -> kernels.losses()
                .crossEntropy(logits, new int[1], 0, 1, six));
        refuses("crossEntropy: class 5 is not within 0..4", () -> kernels.losses()
                .crossEntropy(logits, new int[] {0, 5, 0, 0, 0, 0}, 0, 1, six));
        refuses("binaryCrossEntropy: 6 targets for logits of shape [6, 5]", () -> kernels.losses()
                .binaryCrossEntropy(logits, new float[6], 1, six));
        refuses("squaredError: outputs has shape [6, 5] where [6, 1] is needed", () -> kernels.losses()
                .squaredError(logits, new float[6], 1, six));
        refuses("rows: [2, 7) is not within [0, 6)", () -> x.rows(2, 7));
        refuses("columns: [3, 3) is not within [0, 5)", () -> x.columns(3, 3));
        refuses("frozen: 4 values where shape [2, 3] needs 6", () -> backend.frozen(FloatBuffer.allocate(4), 2, 3));
        refuses("tensor: shape [2, 0] has an empty dimension", () -> memory.allocate(2, 0));
    }

    private void refusesRotations(Tensor x) {
        Tokens tokens = kernels.tokens();
        Tensor angles = backend.frozen(FloatBuffer.allocate(4), 4);
        refuses(
                "rotate: x has shape [6, 5], which is not one of heads of the even width 2",
                () -> tokens.rotate(x, 2, angles, new int[6]));
        refuses(
                "rotateBackward: 2 positions for x of shape [6, 4]",
                () -> tokens.rotateBackward(x.columns(0, 4), 2, angles, new int[2]));
        refuses(
                "rotate: positions holds 2, outside the 2 rows",
                () -> tokens.rotate(x.columns(0, 4), 2, angles, new int[] {0, 0, 0, 0, 0, 2}));
    }

    private static Attention.Shape arranged(Mask mask, int[] from, int[] to) {
        return new Attention.Shape(2, 3, 1, 1, 2, mask, new int[] {3, 2}, new Visibility(from, to));
    }

    private void refusesAttentions(Tensor x) {
        Attention attention = kernels.attention();
        refuses(
                "attention: qkv has shape [6, 5] where [6, 6] is needed",
                () -> attention.forward(x, TestShapes.attention("2:3,2", 1, 2)));
        refuses(
                "attention: 3 heads and 2 key/value heads of width 1 do not fit",
                () -> attention.forward(x, TestShapes.attention("2:3,2", 3, 2, 1, Mask.CAUSAL)));
        refuses(
                "attention: length 4 is not within 1..3",
                () -> attention.forward(x, new Attention.Shape(2, 3, 1, 1, 2, Mask.BIDIRECTIONAL, new int[] {3, 4})));
        refuses(
                "attention: 1 lengths for 2 examples",
                () -> attention.forward(x, new Attention.Shape(2, 3, 1, 1, 2, Mask.BIDIRECTIONAL, new int[] {3})));
        refuses(
                "attention: the visibility of 2 tokens where there are 6",
                () -> attention.forward(x, arranged(Mask.BIDIRECTIONAL, new int[2], new int[2])));
        refuses(
                "attention: keys 0 to 3, seen from token 1 of an example of 2",
                () -> attention.forward(x, arranged(Mask.BIDIRECTIONAL, new int[6], new int[] {0, 0, 0, 2, 3, 9})));
        refuses(
                "attention: a mask that hides keys and a visibility besides",
                () -> attention.forward(x, arranged(Mask.CAUSAL, new int[6], new int[6])));
    }

    private static void refuses(String message, ThrowingCallable call) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }
}
