package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.erat.compute.Kernels.Activated;
import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Every primitive of the single precision implementations against the reference in double precision, on the same random
 * inputs. All memory that an implementation may hand out holds NaN before each run, so that a read of what was not
 * written, or an element that was not written, shows.
 *
 * <p>Tolerance: an error is measured against the largest element of the expected result. A dot product of K terms in
 * single precision errs by about ε·√K of the size of its terms, ε = 6e-8; with K ≤ 3072 that is 3.3e-6. Chains of two or
 * three products (attention backward) stay within three times that: 1e-5 holds for all. With operands rounded to bf16
 * (8 bits, ε = 2⁻⁹ each) errors of terms are independent, so the relative error of a sum is about 2⁻⁹·√2 ≈ 2.8e-3 of its
 * standard deviation, and the largest of some thousand elements errs by up to 4 of these: 1.2e-2. What follows a sum, an
 * activation, a normalisation or a softmax, rounds its result once more, by 2e-3 of an element, within the same allowance.
 * TF32 keeps three bits more, which makes an eighth of that, 1.5e-3, where operands are rounded to the nearest. Twice as
 * much is allowed, for cuBLAS may as well cut them off, which errs by twice as much.
 */
@ParameterizedClass
@MethodSource("implementations")
public class ImplementationsAgreeTest {
    private static final double SINGLE = 1e-5;
    private static final double HALF = 1.2e-2;
    private static final double TF32 = 3e-3;

    private final Random random = new Random(42);
    private final Backend reference = new Nd4jBackend(DataType.DOUBLE);
    private final Backend tested;
    private final double tolerance;

    static Stream<Arguments> implementations() {
        return Stream.of(
                        with(SINGLE, new Nd4jBackend(DataType.FLOAT)),
                        with(SINGLE, new OneDnnBackend(Precision.F32)),
                        with(SINGLE, new OneDnnBackend(Precision.F32, WeightLayout.PLAIN)),
                        with(HALF, new OneDnnBackend(Precision.BF16)),
                        with(HALF, new OneDnnBackend(Precision.BF16, WeightLayout.PLAIN)),
                        CudaUnderTest.of(Precision.F32).stream().flatMap(cuda -> with(SINGLE, cuda)),
                        CudaUnderTest.of(Precision.TF32).stream().flatMap(cuda -> with(TF32, cuda)),
                        CudaUnderTest.of(Precision.BF16).stream().flatMap(cuda -> with(HALF, cuda)))
                .flatMap(Function.identity());
    }

    private static Stream<Arguments> with(double tolerance, Backend backend) {
        return Stream.of(backend).filter(CudaUnderTest::isTested).map(one -> Arguments.of(one, tolerance));
    }

    ImplementationsAgreeTest(Backend tested, double tolerance) {
        this.tested = tested;
        this.tolerance = tolerance;
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 5", "7, 384, 384", "33, 384, 1536", "416, 64, 40", "5, 3072, 768", "2048, 96, 64"})
    void linear(int rows, int in, int out) {
        FloatBuffer[] weights = {floats((long) in * out)};
        FloatBuffer[] biases = {floats(out)};
        check((backend, kernels, host) -> {
            FrozenLinear map = backend.frozenLinear(weights, biases, in);
            Tensor y = kernels.linear(host.of("x", rows, in), map);
            return List.of(y, kernels.linearBackward(host.of("dy", rows, out), map));
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void stackedLinear(boolean direct) {
        FloatBuffer[] weights = {floats(96L * 64), floats(96L * 64), floats(96L * 32)};
        FloatBuffer[] biases = {floats(64), floats(64), floats(32)};
        if (direct) {
            weights = Stream.of(weights).map(ImplementationsAgreeTest::direct).toArray(FloatBuffer[]::new);
        }
        FloatBuffer[] parts = weights;
        check((backend, kernels, host) -> {
            FrozenLinear map = backend.frozenLinear(parts, biases, 96);
            assertThat(map.out()).isEqualTo(160);
            Tensor y = kernels.linear(host.of("x", 20, 96), map);
            return List.of(y, kernels.linearBackward(host.of("dy", 20, 160), map));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 4, 6", "13, 5, 7"})
    void linearOfViews(int rows, int in, int out) {
        FloatBuffer[] weights = {floats((long) in * out)};
        FloatBuffer[] biases = {floats(out)};
        check((backend, kernels, host) -> {
            FrozenLinear map = backend.frozenLinear(weights, biases, in);
            Tensor x = host.of("x", rows + 3, in + 5).rows(2, 2 + rows).columns(3, 3 + in);
            Tensor dy = host.of("dy", rows + 3, out + 5).columns(3, 3 + out).rows(2, 2 + rows);
            return List.of(kernels.linear(x, map), kernels.linearBackward(dy, map));
        });
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, 0",
        "416, 4, 384, 1, 0",
        "416, 384, 8, 2, 1",
        "8, 384, 416, 1, 0",
        "384, 3, 416, 1, 0.5",
        "384, 3, 416, 16, 0",
        "5, 40, 6, -1, 1",
        "1024, 8, 768, 1, 0",
        "40, 31, 1, 1, 1"
    })
    void product(int m, int n, int k, double alpha, double beta) {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                check((backend, kernels, host) -> {
                    Tensor a = transposeA ? host.of("a", k, m) : host.of("a", m, k);
                    Tensor b = transposeB ? host.of("b", n, k) : host.of("b", k, n);
                    Tensor c = beta == 0 ? kernels.allocateSingle(m, n) : host.of("c", m, n);
                    kernels.product(a, transposeA, b, transposeB, alpha, beta, c);
                    return List.of(c);
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 8", "2, 5", "7, 8"})
    void productOfWindows(int from, int to) {
        check((backend, kernels, host) -> {
            Tensor down = host.of("a", 8, 48).rows(from, to);
            Tensor up = host.of("b", 40, 8).columns(from, to);
            Tensor into = host.of("y", 30, 120);
            Tensor inner = kernels.allocate(30, to - from);
            kernels.product(host.of("x", 30, 48), false, down, true, 1, 0, inner);
            kernels.product(inner, false, up, true, 4, 1, into.columns(40, 80));
            Tensor gradient = host.of("g", 40, 8);
            kernels.product(into.columns(40, 80), true, inner, false, 0.5, 1, gradient.columns(from, to));
            return List.of(inner, into, gradient);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "416, 384"})
    void addAndFill(int rows, int columns) {
        check((backend, kernels, host) -> {
            Tensor sum = host.of("sum", rows, columns);
            kernels.add(host.of("x", rows, columns), sum);
            Tensor wide = host.of("wide", rows + 2, columns + 2);
            kernels.add(sum, wide.rows(1, rows + 1).columns(2, columns + 2));
            kernels.add(wide.columns(1, columns + 1).rows(0, rows), sum);
            Tensor filled = host.of("filled", rows, columns + 1);
            kernels.fill(filled.columns(1, columns + 1), 0.25);
            Tensor vector = host.vector("vector", columns);
            kernels.add(host.vector("other", columns), vector);
            return List.of(sum, wide, filled, vector);
        });
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void activation(Activation f) {
        for (int[] size : new int[][] {{1, 1}, {3, 7}, {96, 1536}}) {
            check((backend, kernels, host) -> {
                Tensor x = host.of("x", size[0], size[1]);
                Tensor dy = host.of("dy", size[0], size[1] + 3).columns(1, 1 + size[1]);
                return List.of(kernels.activation(f, x), kernels.activationBackward(f, dy, x));
            });
        }
    }

    /** Wide enough for a device to do both at once, and not; what is read besides may be a view. */
    @ParameterizedTest
    @CsvSource({
        "GELU, 7, 24, 40",
        "GELU_TANH, 1, 8, 8",
        "GELU_TANH, 7, 24, 40",
        "GELU_TANH, 5, 6, 9",
        "GELU_TANH, 33, 384, 1536",
        "RELU, 7, 24, 40"
    })
    void linearAndActivation(Activation f, int rows, int in, int out) {
        FloatBuffer[] up = {floats((long) in * out)};
        FloatBuffer[] upBias = {floats(out)};
        FloatBuffer[] down = {floats((long) in * out)};
        FloatBuffer[] downBias = {floats(in)};
        check((backend, kernels, host) -> {
            FrozenLinear before = backend.frozenLinear(up, upBias, in);
            FrozenLinear after = backend.frozenLinear(down, downBias, out);
            Tensor dy = host.of("dy", rows, in);
            Tensor view = host.of("inner", rows + 1, out + 3).rows(1, rows + 1).columns(2, out + 2);
            Activated activated = kernels.linearActivation(f, host.of("x", rows, in), before);
            return List.of(
                    activated.inner(),
                    activated.y(),
                    kernels.linearBackwardThroughActivation(dy, after, f, host.of("saved", rows, out)),
                    kernels.linearBackwardThroughActivation(dy, after, f, view));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "416, 384"})
    void assign(int rows, int columns) {
        check((backend, kernels, host) -> {
            Tensor single = kernels.allocateSingle(rows, columns);
            kernels.assign(host.of("x", rows, columns), single);
            Tensor wide = host.of("wide", rows + 2, columns + 2);
            kernels.assign(single, wide.rows(1, rows + 1).columns(2, columns + 2));
            Tensor vector = kernels.allocate((long) columns);
            kernels.assign(kernels.uploadSingle(host.values("v", columns)), vector);
            return List.of(single, wide, vector);
        });
    }

    @ParameterizedTest
    @CsvSource({
        "CROSS_ENTROPY, 1, 1",
        "CROSS_ENTROPY, 33, 3",
        "CROSS_ENTROPY, 2, 100",
        "SQUARED_ERROR, 5, 1",
        "SQUARED_ERROR, 3, 40"
    })
    void loss(Loss loss, int examples, int outputs) {
        check((backend, kernels, host) -> {
            Tensor losses = kernels.allocateSingle(examples);
            Tensor given =
                    kernels.uploadSingle(host.values("x", examples, outputs).mul(10));
            // Weights of classes need not add to one.
            INDArray targets = Transforms.abs(host.values("targets", examples, outputs));
            return List.of(kernels.loss(loss, given, targets, losses), losses);
        });
    }

    /** A gradient of no, little and too large a norm; stretches of any length, of which each has its own age. */
    @ParameterizedTest
    @CsvSource({"0, 1", "1e6, 1", "0.5, 1", "0.5, 1e-3"})
    void optimizer(double largestNorm, double size) {
        AdamW rule = new AdamW(0.9, 0.98, 1e-7);
        List<AdamW.Stretch> stretches = List.of(
                new AdamW.Stretch(0, 1, 0, 5000, 1, 0),
                new AdamW.Stretch(3, 40, 3, 5003, 2, 0.1),
                new AdamW.Stretch(50, 4000, 50, 5050, 1000, 0.01));
        check((backend, kernels, host) -> {
            Tensor parameters = kernels.uploadSingle(host.values("p", 5000));
            Tensor gradient = kernels.uploadSingle(host.values("g", 5000).mul(size));
            // Second moments are squares.
            Tensor state = kernels.uploadSingle(Transforms.abs(host.values("s", 10000)));
            Tensor summary = kernels.allocateSingle(4);
            kernels.summarise(kernels.uploadSingle(host.values("losses", 37)), gradient, largestNorm, summary);
            kernels.adamW(rule, 0.1, stretches, parameters, gradient, state, summary);
            return List.of(summary, parameters, state);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 4, 1e-12", "13, 384, 1e-12", "64, 768, 1e-5", "7, 33, 1e-12"})
    void layerNorm(int rows, int width, double epsilon) {
        FloatBuffer gain = floats(width);
        FloatBuffer bias = floats(width);
        check((backend, kernels, host) -> {
            Tensor g = backend.frozen(gain, width);
            Tensor b = backend.frozen(bias, width);
            Tensor x = host.of("x", rows, width);
            Tensor mean = kernels.allocateSingle(rows);
            Tensor inverseDeviation = kernels.allocateSingle(rows);
            Tensor y = kernels.layerNorm(x, g, b, epsilon, mean, inverseDeviation);
            Tensor dy = host.of("dy", rows, width + 2).columns(0, width);
            LayerNormState saved = new LayerNormState(x, mean, inverseDeviation);
            return List.of(y, mean, inverseDeviation, kernels.layerNormBackward(dy, g, b, epsilon, saved));
        });
    }

    @ParameterizedTest
    @CsvSource({
        "'1:1', 1, 4",
        "'2:1,1', 3, 8",
        "'1:5', 2, 8",
        "'4:13,13,13,13', 12, 32",
        "'3:6,1,4', 4, 16",
        "'2:128,70', 12, 64",
        "'3:30,30,29', 2, 5",
        "'2:1,1', 2, 64",
        "'3:9,200,130', 2, 32",
        "'2:150,3', 3, 64",
        "'2:64,65', 2, 128"
    })
    void attention(String examples, int heads, int depth) {
        AttentionShape shape = TestShapes.attention(examples, heads);
        int rows = shape.batch() * shape.tokens();
        int width = heads * depth;
        boolean weights = keepsWeights(shape, rows, width);
        check((backend, kernels, host) -> {
            Tensor qkv = host.of("qkv", rows, 3L * width);
            Attended attended = kernels.attention(qkv, shape);
            Tensor dqkv = kernels.attentionBackward(host.of("dy", rows, width), qkv, shape, attended);
            return weights ? List.of(attended.output(), dqkv, attended.kept()) : List.of(attended.output(), dqkv);
        });
    }

    /** Whether what the tested implementation keeps can be compared: the attention weights themselves. */
    private boolean keepsWeights(AttentionShape shape, long rows, long width) {
        try (Kernels kernels = tested.open(1)) {
            Tensor qkv = kernels.allocate(rows, 3 * width);
            kernels.fill(qkv, 0);
            return kernels.attention(qkv, shape).kept().shape().length == 2;
        }
    }

    @Test
    void attentionOfViews() {
        AttentionShape shape = TestShapes.attention("2:5,3", 2);
        check((backend, kernels, host) -> {
            Tensor qkv = host.of("qkv", 12, 200).rows(1, 11).columns(5, 197);
            Tensor dy = host.of("dy", 10, 67).columns(3, 67);
            Attended attended = kernels.attention(qkv, shape);
            return List.of(attended.output(), kernels.attentionBackward(dy, qkv, shape, attended));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0.5", "13, 7, 0.1", "64, 384, 0.3", "3, 5, 0"})
    void dropoutKeepsTheSameElements(int rows, int columns, double rate) {
        check((backend, kernels, host) -> {
            Tensor x = host.of("x", rows + 1, columns + 1);
            return List.of(
                    kernels.dropout(x, rate, 99),
                    kernels.dropout(x.rows(1, rows + 1).columns(1, columns + 1), rate, -3));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"1:1", "4:3,3,3,3", "3:5,1,2"})
    void rowsOfExamples(String examples) {
        AttentionShape shape = TestShapes.attention(examples, 1);
        int rows = shape.batch() * shape.tokens();
        FloatBuffer table = floats(9L * 6);
        int[] ids = random.ints(rows, 0, 9).toArray();
        int[] types = random.ints(rows, 0, 2).toArray();
        int[] positions = random.ints(rows, 0, 5).toArray();
        float[] factors = new float[shape.batch() * 6];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = random.nextInt(3);
        }
        check((backend, kernels, host) -> {
            Tensor words = backend.frozen(table, 9, 6);
            Tensor x = kernels.embeddings(words, words.rows(1, 6), words.rows(7, 9), ids, types, positions);
            Tensor untyped = kernels.embeddings(words, words, null, ids, null, positions);
            Tensor dy = host.of("dy", shape.batch(), 6);
            Tensor scaled = host.of("u", rows, 8);
            kernels.scaleByExample(scaled.columns(1, 7), factors, shape.tokens());
            return List.of(
                    x,
                    untyped,
                    scaled,
                    kernels.meanPool(x, shape),
                    kernels.meanPoolBackward(dy, shape),
                    kernels.firstToken(x, shape),
                    kernels.firstTokenBackward(dy, shape));
        });
    }

    // ---- the comparison

    private interface Program {
        List<Tensor> run(Backend backend, Kernels kernels, Inputs inputs);
    }

    /** Random inputs by name, the same for both runs; every tensor of a run is closed at its end. */
    private record Inputs(Kernels kernels, Function<long[], INDArray> values) {
        Tensor of(String name, long rows, long columns) {
            return kernels.upload(values.apply(new long[] {name.hashCode(), rows, columns}));
        }

        Tensor vector(String name, long size) {
            return kernels.upload(values.apply(new long[] {name.hashCode(), size}));
        }

        INDArray values(String name, long... shape) {
            long[] nameAndShape = LongStream.concat(LongStream.of(name.hashCode()), LongStream.of(shape))
                    .toArray();
            return values.apply(nameAndShape);
        }
    }

    private void check(Program program) {
        List<INDArray> expected = run(reference, program);
        List<INDArray> actual = run(tested, program);
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            double scale = Math.max(expected.get(i).amaxNumber().doubleValue(), 1e-30);
            INDArray difference = expected.get(i).sub(actual.get(i));
            assertThat(difference.isNaN().any())
                    .as("result %d has an element that is not a number", i)
                    .isFalse();
            assertThat(difference.amaxNumber().doubleValue() / scale)
                    .as("error of result %d", i)
                    .isLessThanOrEqualTo(tolerance);
        }
    }

    private List<INDArray> run(Backend backend, Program program) {
        try (Kernels kernels = backend.open(1)) {
            poison(kernels);
            List<INDArray> results = new ArrayList<>();
            for (Tensor tensor : program.run(backend, kernels, new Inputs(kernels, this::values))) {
                INDArray result = Nd4j.create(DataType.DOUBLE, tensor.shape());
                kernels.download(tensor, result);
                results.add(result);
            }
            return results;
        }
    }

    private static void poison(Kernels kernels) {
        List<Tensor> tensors = new ArrayList<>();
        for (long size = 16; size < 1 << 20; size *= 4) {
            for (int i = 0; i < 10; i++) {
                Tensor tensor = kernels.allocate(size);
                kernels.fill(tensor, Double.NaN);
                tensors.add(tensor);
            }
        }
        tensors.forEach(Tensor::close);
    }

    /** Uniform in [-2, 2), a function of name and shape. */
    private INDArray values(long[] nameAndShape) {
        long[] shape = java.util.Arrays.copyOfRange(nameAndShape, 1, nameAndShape.length);
        Random values = new Random(nameAndShape[0]);
        long size = java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        float[] floats = new float[(int) size];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.nextFloat() * 4 - 2;
        }
        return Nd4j.createFromArray(floats).reshape(shape);
    }

    private FloatBuffer floats(long size) {
        FloatBuffer values = FloatBuffer.allocate((int) size);
        for (int i = 0; i < size; i++) {
            values.put(i, random.nextFloat() * 2 - 1);
        }
        return values;
    }

    private static FloatBuffer direct(FloatBuffer values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.remaining() + 4).order(ByteOrder.nativeOrder());
        bytes.position(4);
        FloatBuffer copy = bytes.asFloatBuffer();
        copy.put(0, values, 0, values.remaining());
        return copy;
    }
}
