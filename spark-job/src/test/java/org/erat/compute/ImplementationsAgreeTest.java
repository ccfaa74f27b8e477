package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.erat.compute.Attention.Attended;
import org.erat.compute.Matrices.Activated;
import org.erat.compute.Norms.NormState;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every primitive of the single precision implementations against the reference in double precision, on the same random
 * inputs; the reference computes a case once for all of them. All memory that an implementation may hand out holds NaN
 * before each run, so that a read of what was not written, or an element that was not written, shows.
 *
 * <p>Tolerance: an error is measured against the largest element of the expected result. A dot product of K terms in
 * single precision errs by about ε·√K of the size of its terms, ε = 6e-8; with K ≤ 3072 that is 3.3e-6. Chains of two or
 * three products (attention backward) stay within three times that: 1e-5 holds for all. With operands rounded to bf16
 * (8 bits, ε = 2⁻⁹ each) errors of terms are independent, so the relative error of a sum is about 2⁻⁹·√2 ≈ 2.8e-3 of its
 * standard deviation, and the largest of some thousand elements errs by up to 4 of these: 1.2e-2. What follows a sum, an
 * activation, a normalization or a softmax, rounds its result once more, by 2e-3 of an element, within the same allowance.
 * TF32 keeps three bits more, which makes an eighth of that, 1.5e-3, where operands are rounded to the nearest. Twice as
 * much is allowed, for cuBLAS may as well cut them off, which errs by twice as much.
 */
public class ImplementationsAgreeTest {
    private static final double SINGLE = 1e-5;
    private static final double HALF = 1.2e-2;
    private static final double TF32 = 3e-3;

    private static final Backend REFERENCE = new Nd4jBackend(Precision.F64);
    private static final List<Implementation> IMPLEMENTATIONS = implementations();

    private final Random random = new Random(42);

    /**
     * An implementation under test.
     *
     * @param onlyProducts whether it differs from another one in products only, so that the others are not repeated
     * @param poisoned whether its fresh memory holds NaN already
     */
    private record Implementation(
            String name, Backend backend, double tolerance, boolean onlyProducts, boolean poisoned) {}

    private static List<Implementation> implementations() {
        Backend plain = new OneDnnBackend(Precision.F32, Weights.PLAIN);
        Backend plainHalf = new OneDnnBackend(Precision.BF16, Weights.PLAIN);
        List<Implementation> all = new ArrayList<>(List.of(
                new Implementation("nd4j", new Nd4jBackend(Precision.F32), SINGLE, false, true),
                new Implementation("onednn", new OneDnnBackend(Precision.F32), SINGLE, false, false),
                new Implementation("onednn plain", plain, SINGLE, true, false),
                new Implementation("onednn bf16", new OneDnnBackend(Precision.BF16), HALF, false, false),
                new Implementation("onednn bf16 plain", plainHalf, HALF, true, false)));
        addCuda(all, Precision.F32, SINGLE);
        addCuda(all, Precision.TF32, TF32);
        addCuda(all, Precision.BF16, HALF);
        all.removeIf(implementation -> !CudaUnderTest.isTested(implementation.backend()));
        return all;
    }

    private static void addCuda(List<Implementation> all, Precision precision, double tolerance) {
        for (Backend cuda : CudaUnderTest.of(precision)) {
            boolean poisoned = CudaUnderTest.freshMemoryHoldsNaN(cuda);
            all.add(new Implementation("cuda " + precision, cuda, tolerance, precision == Precision.TF32, poisoned));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 5", "7, 384, 384", "33, 384, 1536", "416, 64, 40", "5, 3072, 768", "2048, 96, 64"})
    void linear(int rows, int in, int out) {
        FloatBuffer[] weights = {floats(in * out)};
        FloatBuffer[] biases = {floats(out)};
        checkProducts((backend, kernels, host) -> {
            FrozenLinear map = backend.frozenLinear(weights, biases, in);
            Tensor y = kernels.matrices().linear(host.of("x", rows, in), map);
            return List.of(y, kernels.matrices().linearBackward(host.of("dy", rows, out), map));
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void stackedLinear(boolean direct) {
        FloatBuffer[] weights = {floats(96 * 64), floats(96 * 64), floats(96 * 32)};
        FloatBuffer[] biases = {floats(64), floats(64), floats(32)};
        if (direct) {
            weights = Stream.of(weights).map(TestTensors::direct).toArray(FloatBuffer[]::new);
        }
        FloatBuffer[] parts = weights;
        checkProducts((backend, kernels, host) -> {
            FrozenLinear map = backend.frozenLinear(parts, biases, 96);
            assertThat(map.out()).isEqualTo(160);
            Tensor y = kernels.matrices().linear(host.of("x", 20, 96), map);
            return List.of(y, kernels.matrices().linearBackward(host.of("dy", 20, 160), map));
        });
    }

    /** A table that is read by rows too: the same map, whose outputs may be in single precision. */
    @ParameterizedTest
    @CsvSource({"1, 3, 5", "33, 96, 1000", "416, 64, 40", "3, 12, 30209"})
    void linearOfATable(int rows, int in, int out) {
        FloatBuffer values = TestTensors.direct(floats(in * out));
        FloatBuffer bias = floats(out);
        checkProducts((backend, kernels, host) -> {
            Tensor table = backend.frozen(values, out, in);
            FrozenLinear map = backend.frozenLinear(table, bias);
            Tensor x = host.of("x", rows, in);
            return List.of(
                    kernels.matrices().linear(x, map),
                    kernels.matrices().linearSingle(x, map),
                    kernels.matrices().linearBackward(host.of("dy", rows, out), map),
                    kernels.tokens().embeddings(table, null, null, new int[] {out - 1, 0}, null, null));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 4, 6", "13, 5, 7"})
    void linearOfViews(int rows, int in, int out) {
        FloatBuffer[] weights = {floats(in * out)};
        FloatBuffer[] biases = {floats(out)};
        checkProducts((backend, kernels, host) -> {
            FrozenLinear map = backend.frozenLinear(weights, biases, in);
            Tensor x = host.of("x", rows + 3, in + 5).rows(2, 2 + rows).columns(3, 3 + in);
            Tensor dy = host.of("dy", rows + 3, out + 5).columns(3, 3 + out).rows(2, 2 + rows);
            return List.of(kernels.matrices().linear(x, map), kernels.matrices().linearBackward(dy, map));
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
    void matmul(int m, int n, int k, double alpha, double beta) {
        checkProducts((backend, kernels, host) -> {
            List<Tensor> results = new ArrayList<>();
            for (boolean transposeA : new boolean[] {false, true}) {
                for (boolean transposeB : new boolean[] {false, true}) {
                    Tensor a = transposeA ? host.of("a", k, m) : host.of("a", m, k);
                    Tensor b = transposeB ? host.of("b", n, k) : host.of("b", k, n);
                    Tensor c = beta == 0 ? kernels.memory().allocateSingle(m, n) : host.of("c", m, n);
                    kernels.matrices().matmul(a, transposeA, b, transposeB, alpha, beta, c);
                    results.add(c);
                }
            }
            return results;
        });
    }

    @ParameterizedTest
    @CsvSource({"0, 8", "2, 5", "7, 8"})
    void matmulOfWindows(int from, int to) {
        checkProducts((backend, kernels, host) -> {
            Matrices matrices = kernels.matrices();
            Tensor down = host.of("a", 8, 48).rows(from, to);
            Tensor up = host.of("b", 40, 8).columns(from, to);
            Tensor into = host.of("y", 30, 120);
            Tensor inner = kernels.memory().allocate(30, to - from);
            matrices.matmul(host.of("x", 30, 48), false, down, true, 1, 0, inner);
            matrices.matmul(inner, false, up, true, 4, 1, into.columns(40, 80));
            Tensor gradient = host.of("g", 40, 8);
            matrices.matmul(into.columns(40, 80), true, inner, false, 0.5, 1, gradient.columns(from, to));
            return List.of(inner, into, gradient);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "416, 384"})
    void addSubtractAndFill(int rows, int columns) {
        check((backend, kernels, host) -> {
            List<Tensor> results = new ArrayList<>();
            for (BiFunction<Tensor, Tensor, Void> change : changes(kernels.pointwise())) {
                Tensor changed = host.of("changed", rows, columns);
                change.apply(host.of("x", rows, columns), changed);
                Tensor wide = host.of("wide", rows + 2, columns + 2);
                change.apply(changed, wide.rows(1, rows + 1).columns(2, columns + 2));
                change.apply(wide.columns(1, columns + 1).rows(0, rows), changed);
                Tensor vector = host.of("vector", columns);
                change.apply(host.of("other", columns), vector);
                Tensor single = host.single("single", rows, columns);
                change.apply(changed, single);
                change.apply(single, changed);
                results.addAll(List.of(changed, wide, vector, single));
            }
            Tensor filled = host.of("filled", rows, columns + 1);
            kernels.pointwise().fill(filled.columns(1, columns + 1), 0.25);
            results.add(filled);
            return results;
        });
    }

    private static List<BiFunction<Tensor, Tensor, Void>> changes(Pointwise pointwise) {
        return List.of(
                (x, into) -> {
                    pointwise.add(x, into);
                    return null;
                },
                (x, into) -> {
                    pointwise.subtract(x, into);
                    return null;
                });
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void activation(Activation f) {
        for (int[] size : new int[][] {{1, 1}, {3, 7}, {96, 1536}}) {
            check((backend, kernels, host) -> {
                Tensor x = host.of("x", size[0], size[1]);
                Tensor dy = host.of("dy", size[0], size[1] + 3).columns(1, 1 + size[1]);
                return List.of(
                        kernels.pointwise().activation(f, x),
                        kernels.pointwise().activationBackward(f, dy, x));
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
        FloatBuffer[] up = {floats(in * out)};
        FloatBuffer[] upBias = {floats(out)};
        FloatBuffer[] down = {floats(in * out)};
        FloatBuffer[] downBias = {floats(in)};
        checkProducts((backend, kernels, host) -> {
            Matrices matrices = kernels.matrices();
            FrozenLinear before = backend.frozenLinear(up, upBias, in);
            FrozenLinear after = backend.frozenLinear(down, downBias, out);
            Tensor dy = host.of("dy", rows, in);
            Tensor view = host.of("inner", rows + 1, out + 3).rows(1, rows + 1).columns(2, out + 2);
            Activated activated = matrices.linearActivation(f, host.of("x", rows, in), before);
            return List.of(
                    activated.inner(),
                    activated.y(),
                    matrices.linearActivationBackward(f, dy, after, host.of("saved", rows, out)),
                    matrices.linearActivationBackward(f, dy, after, view));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "416, 384"})
    void assign(int rows, int columns) {
        check((backend, kernels, host) -> {
            Tensor single = kernels.memory().allocateSingle(rows, columns);
            kernels.pointwise().assign(host.of("x", rows, columns), single);
            Tensor wide = host.of("wide", rows + 2, columns + 2);
            kernels.pointwise().assign(single, wide.rows(1, rows + 1).columns(2, columns + 2));
            Tensor vector = kernels.memory().allocate(columns);
            kernels.pointwise().assign(host.single("v", columns), vector);
            Tensor copy = kernels.pointwise().copy(wide.columns(1, columns + 1));
            return List.of(single, wide, vector, copy);
        });
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 0, 1",
        "33, 3, 0, 0.0303",
        "2, 100, 0, 0.5",
        "33, 3, 0.1, 0.0303",
        "2, 100, 0.3, 0.5",
        "5, 2500, 0.1, 0.2"
    })
    void crossEntropy(int rows, int outputs, double smoothing, double weight) {
        int[] classes = random.ints(rows, 0, outputs).toArray();
        check((backend, kernels, host) -> {
            Tensor losses = kernels.memory().allocateSingle(rows);
            Tensor logits = host.single("x", x -> 10 * x, rows, outputs);
            Tensor view =
                    host.single("view", rows + 1, outputs + 2).rows(1, rows + 1).columns(1, outputs + 1);
            Tensor lossesOfView = kernels.memory().allocateSingle(rows);
            kernels.losses().crossEntropy(logits, classes, smoothing, weight, losses);
            kernels.losses().crossEntropy(view, classes, smoothing, weight, lossesOfView);
            return List.of(logits, losses, view, lossesOfView);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "5, 3, 0.2", "33, 70, 0.01"})
    void binaryCrossEntropy(int rows, int labels, double weight) {
        float[] targets = new float[rows * labels];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = random.nextInt(3) / 2f;
        }
        check((backend, kernels, host) -> {
            Tensor losses = kernels.memory().allocateSingle(rows);
            Tensor logits =
                    host.single("x", rows + 1, labels + 2).rows(1, rows + 1).columns(1, labels + 1);
            kernels.losses().binaryCrossEntropy(logits, targets, weight, losses);
            return List.of(logits, losses);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 0.2", "300, 0.01"})
    void squaredError(int rows, double weight) {
        float[] targets = floats(rows).array();
        check((backend, kernels, host) -> {
            Tensor losses = kernels.memory().allocateSingle(rows);
            Tensor outputs = host.single("x", rows, 3).columns(1, 2);
            kernels.losses().squaredError(outputs, targets, weight, losses);
            return List.of(outputs, losses);
        });
    }

    /** A gradient of no, little and too large a norm; segments of any length, of which each has its own age. */
    @ParameterizedTest
    @CsvSource({"0, 1", "1e6, 1", "0.5, 1", "0.5, 1e-3"})
    void update(double maxNorm, double size) {
        AdamW rule = new AdamW(0.9, 0.98, 1e-7);
        List<AdamW.Segment> segments = List.of(
                new AdamW.Segment(0, 1, 0, 5000, 1, 0),
                new AdamW.Segment(3, 40, 3, 5003, 2, 0.1),
                new AdamW.Segment(50, 4000, 50, 5050, 1000, 0.01));
        check((backend, kernels, host) -> {
            Tensor parameters = host.single("p", 5000);
            Tensor gradient = host.single("g", g -> g * size, 5000);
            // Second moments are squares.
            Tensor state = host.single("s", Math::abs, 10000);
            Tensor summary = kernels.memory().allocateSingle(Update.SUMMARY);
            kernels.update().clip(host.single("losses", 37), gradient, maxNorm, summary);
            Tensor clipped = kernels.memory().allocateSingle(5000);
            kernels.pointwise().assign(gradient, clipped);
            kernels.update().adamW(rule, 0.1, segments, parameters, gradient, state, summary);
            return List.of(summary, clipped, gradient, parameters, state);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 4, 1e-12", "13, 384, 1e-12", "64, 768, 1e-5", "7, 33, 1e-12"})
    void layerNorm(int rows, int width, double epsilon) {
        FloatBuffer weight = floats(width);
        FloatBuffer bias = floats(width);
        check((backend, kernels, host) -> {
            Tensor w = backend.frozen(weight, width);
            Tensor b = backend.frozen(bias, width);
            Tensor x = host.of("x", rows, width);
            Tensor mean = kernels.memory().allocateSingle(rows);
            Tensor rstd = kernels.memory().allocateSingle(rows);
            Tensor y = kernels.norms().layerNorm(x, w, b, epsilon, mean, rstd);
            Tensor dy = host.of("dy", rows, width + 2).columns(0, width);
            NormState saved = new NormState(x, mean, rstd);
            return List.of(y, mean, rstd, kernels.norms().layerNormBackward(dy, w, b, epsilon, saved));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 4, 1e-12", "13, 384, 1e-6", "64, 768, 1e-5", "7, 33, 1e-6"})
    void rmsNorm(int rows, int width, double epsilon) {
        FloatBuffer weight = floats(width);
        check((backend, kernels, host) -> {
            Tensor w = backend.frozen(weight, width);
            Tensor x = host.of("x", rows + 1, width + 4).rows(1, rows + 1).columns(4, width + 4);
            Tensor rstd = kernels.memory().allocateSingle(rows);
            Tensor y = kernels.norms().rmsNorm(x, w, epsilon, rstd);
            Tensor dy = host.of("dy", rows, width + 2).columns(0, width);
            return List.of(y, rstd, kernels.norms().rmsNormBackward(dy, w, new NormState(x, null, rstd)));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "96, 384"})
    void multiply(int rows, int columns) {
        check((backend, kernels, host) -> {
            Tensor x = host.of("x", rows, columns);
            Tensor y = host.of("y", rows + 1, columns + 3).rows(1, rows + 1).columns(2, columns + 2);
            return List.of(
                    kernels.pointwise().multiply(x, y),
                    kernels.pointwise().multiply(y, x),
                    kernels.pointwise().multiply(x, host.of("z", rows, columns)));
        });
    }

    @ParameterizedTest
    @CsvSource({
        "'1:1', 1, 1, 4, BIDIRECTIONAL",
        "'2:1,1', 3, 3, 8, BIDIRECTIONAL",
        "'1:5', 2, 2, 8, BIDIRECTIONAL",
        "'4:13,13,13,13', 12, 12, 32, BIDIRECTIONAL",
        "'3:6,1,4', 4, 4, 16, BIDIRECTIONAL",
        "'2:128,70', 3, 3, 64, BIDIRECTIONAL",
        "'3:30,30,29', 2, 2, 5, BIDIRECTIONAL",
        "'2:1,1', 2, 2, 64, BIDIRECTIONAL",
        "'3:9,200,130', 2, 2, 32, BIDIRECTIONAL",
        "'2:150,3', 3, 3, 64, BIDIRECTIONAL",
        "'2:64,65', 2, 2, 128, BIDIRECTIONAL",
        "'2:5,3', 4, 2, 32, BIDIRECTIONAL",
        "'2:7,7', 6, 2, 8, BIDIRECTIONAL",
        "'3:30,30,29', 6, 3, 5, BIDIRECTIONAL",
        "'2:1,1', 4, 2, 8, BIDIRECTIONAL",
        "'1:1', 1, 1, 4, CAUSAL",
        "'2:6,6', 2, 2, 8, CAUSAL",
        "'3:6,1,4', 2, 2, 32, CAUSAL",
        "'2:66,35', 2, 2, 64, CAUSAL",
        "'3:9,2,5', 6, 2, 16, CAUSAL",
        "'2:33,33', 4, 1, 5, CAUSAL",
        "'2:1,1', 4, 1, 8, CAUSAL",
        "'2:6,6', 2, 2, 8, 1",
        "'3:9,2,5', 6, 2, 16, 3",
        "'2:66,35', 2, 2, 64, 40",
        "'1:1', 2, 2, 8, -1",
        "'2:6,6', 2, 2, 8, -2",
        "'3:9,2,5', 6, 2, 16, -3",
        "'2:66,35', 2, 2, 64, -20",
        "'3:30,30,29', 4, 1, 5, -100",
        "'1:1', 2, 2, 8, ARRANGED",
        "'2:6,6', 2, 2, 8, ARRANGED",
        "'3:9,2,5', 6, 2, 16, ARRANGED",
        "'2:66,35', 2, 2, 64, ARRANGED",
        "'3:30,30,29', 4, 1, 5, ARRANGED"
    })
    void attention(String examples, int heads, int keyValueHeads, int headWidth, String mask) {
        Attention.Shape shape = TestShapes.attention(examples, heads, keyValueHeads, headWidth, mask);
        checkProducts((backend, kernels, host) -> {
            Tensor qkv = host.of("qkv", shape.rows(), shape.width());
            Attended attended = kernels.attention().forward(qkv, shape);
            Tensor dy = host.of("dy", shape.rows(), shape.queryWidth());
            Tensor dqkv = kernels.attention().backward(dy, qkv, shape, attended);
            Tensor softmax = attended.outputNeeded() ? null : attended.kept();
            return Arrays.asList(attended.output(), dqkv, softmax);
        });
    }

    @ParameterizedTest
    @CsvSource({"2, BIDIRECTIONAL", "1, CAUSAL", "1, 2", "1, -2", "2, ARRANGED"})
    void attentionOfViews(int keyValueHeads, String mask) {
        Attention.Shape shape = TestShapes.attention("2:5,3", 2, keyValueHeads, 32, mask);
        checkProducts((backend, kernels, host) -> {
            Tensor qkv = host.of("qkv", 12, shape.width() + 8).rows(1, 11).columns(5, 5 + shape.width());
            Tensor dy = host.of("dy", 10, 67).columns(3, 67);
            Attended attended = kernels.attention().forward(qkv, shape);
            return List.of(attended.output(), kernels.attention().backward(dy, qkv, shape, attended));
        });
    }

    /** A step of decoding; what the cache holds of padding, and behind the length, is finite and not seen. */
    @ParameterizedTest
    @CsvSource({
        "'1:2', 1, 1, 1, CAUSAL",
        "'1:64', 1, 1, 16, CAUSAL",
        "'3:60,7,64', 4, 4, 4, CAUSAL",
        "'2:65,33', 4, 2, 4, CAUSAL",
        "'2:65,2', 2, 1, 4, 1",
        "'2:5,3', 2, 2, 32, CAUSAL",
        "'3:9,2,64', 6, 2, 16, CAUSAL",
        "'3:9,2,64', 6, 2, 16, 3",
        "'2:66,35', 4, 1, 6, 40",
        "'8:200,150,30,1,64,65,17,192', 12, 12, 64, CAUSAL"
    })
    void decode(String examples, int heads, int keyValueHeads, int headWidth, String mask) {
        Attention.Shape shape = TestShapes.attention(examples, heads, keyValueHeads, headWidth, mask);
        checkProducts((backend, kernels, host) -> {
            Tensor cache = host.of("cache", shape.rows(), 2L * shape.keyValueWidth());
            Tensor y = kernels.attention().decode(host.of("qkv", shape.batch(), shape.width()), cache, shape);
            Tensor view = host.of("wide", shape.batch() + 2L, shape.width() + 3L)
                    .rows(1, shape.batch() + 1L)
                    .columns(3, shape.width() + 3L);
            return List.of(y, kernels.attention().decode(view, cache, shape), cache);
        });
    }

    /** The newest token sees what it sees among all tokens. */
    @ParameterizedTest
    @CsvSource({"CAUSAL", "3"})
    void decodingIsTheLastRowOfAttention(String mask) {
        Attention.Shape shape = TestShapes.attention("1:7", 4, 2, 8, mask);
        for (Implementation tested : IMPLEMENTATIONS) {
            try (Kernels kernels = tested.backend().open(1);
                    Tensor qkv = new Inputs(kernels).of("qkv", 7, shape.width());
                    Tensor all = kernels.pointwise().copy(qkv.columns(shape.queryWidth(), shape.width()));
                    Tensor y = kernels.attention().decode(qkv.rows(6, 7), all, shape)) {
                Attended attended = kernels.attention().forward(qkv, shape);
                double[] expected =
                        TestTensors.doubles(kernels, attended.output().rows(6, 7));
                assertThat(error(expected, TestTensors.doubles(kernels, y)))
                        .as(tested.name())
                        .isLessThanOrEqualTo(tested.tolerance());
                attended.output().close();
                attended.kept().close();
            }
        }
    }

    /** In place, of whole tensors and of the columns of query and key. */
    @ParameterizedTest
    @CsvSource({"1, 1, 2", "5, 3, 6", "33, 4, 64", "7, 2, 16"})
    void rotation(int rows, int heads, int headWidth) {
        FloatBuffer table = floats(9 * headWidth);
        int[] positions = random.ints(rows, 0, 9).toArray();
        int width = heads * headWidth;
        check((backend, kernels, host) -> {
            Tensor angles = backend.frozen(table, 9L * headWidth);
            Tensor x = host.of("x", rows, width);
            kernels.tokens().rotate(x, headWidth, angles, positions);
            Tensor wide = host.of("wide", rows, width + 3);
            kernels.tokens().rotate(wide.columns(0, width), headWidth, angles, positions);
            Tensor dy = host.of("dy", rows, width + 4);
            kernels.tokens().rotateBackward(dy.columns(0, width), headWidth, angles, positions);
            return List.of(x, wide, dy);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0.5", "13, 7, 0.1", "64, 384, 0.3", "3, 5, 0"})
    void dropoutKeepsTheSameElements(int rows, int columns, double rate) {
        check((backend, kernels, host) -> {
            Tensor x = host.of("x", rows + 1, columns + 1);
            Tensor view = x.rows(1, rows + 1).columns(1, columns + 1);
            return List.of(
                    kernels.pointwise().dropout(x, rate, 99, 0),
                    kernels.pointwise().dropout(view, rate, -3, 0),
                    kernels.pointwise().dropout(x, rate, 99, 6));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 6", "12, 6", "21, 8"})
    void embeddings(int tokens, int width) {
        FloatBuffer table = floats(9 * width);
        int[] ids = random.ints(tokens, 0, 9).toArray();
        int[] types = random.ints(tokens, 0, 2).toArray();
        int[] positions = random.ints(tokens, 0, 5).toArray();
        check((backend, kernels, host) -> {
            Tokens rows = kernels.tokens();
            Tensor words = backend.frozen(table, 9, width);
            Tensor positionTable = words.rows(1, 6);
            Tensor typeTable = words.rows(7, 9);
            return List.of(
                    rows.embeddings(words, positionTable, typeTable, ids, types, positions),
                    rows.embeddings(words, positionTable, null, ids, null, positions),
                    rows.embeddings(words, null, typeTable, ids, types, null),
                    rows.embeddings(words, null, null, ids, null, null));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"1:1", "4:3,3,3,3", "3:5,1,2"})
    void rowsOfExamples(String examples) {
        Attention.Shape shape = TestShapes.attention(examples, 1, 1);
        int n = (int) shape.rows();
        int[] gathered = n == 1 ? new int[] {0} : new int[] {n - 1, 0, n / 2};
        float[] ofExamples = factors(shape.batch() * 6);
        float[] ofAll = factors(6);
        check((backend, kernels, host) -> {
            Tokens rows = kernels.tokens();
            Tensor x = host.of("x", n, 8).columns(1, 7);
            Tensor scaled = host.of("u", n, 8);
            kernels.pointwise().scaleColumns(scaled.columns(1, 7), ofExamples, shape.tokens());
            kernels.pointwise().scaleColumns(scaled.columns(0, 6), ofAll, shape.tokens());
            Tensor dy = host.of("dy", shape.batch(), 6);
            Tensor single = host.single("single", shape.batch(), 6);
            Tensor dGathered = host.single("gathered", gathered.length, 7).columns(0, 6);
            return List.of(
                    scaled,
                    rows.meanPool(x, shape.lengths()),
                    rows.meanPoolBackward(dy, shape.lengths(), shape.tokens()),
                    rows.meanPoolBackward(single, shape.lengths(), shape.tokens()),
                    rows.gather(x, gathered),
                    rows.gatherBackward(dGathered, gathered, n),
                    rows.gatherBackward(host.of("half", gathered.length, 6), gathered, n));
        });
    }

    private float[] factors(int size) {
        float[] factors = new float[size];
        for (int i = 0; i < size; i++) {
            factors[i] = random.nextInt(3);
        }
        return factors;
    }

    @Test
    void thereAreSingleAndHalfPrecisionOnesToCompare() {
        assertThat(IMPLEMENTATIONS).extracting(Implementation::tolerance).contains(SINGLE, HALF);
    }

    // ---- the comparison

    private interface Program {
        /** Results; null for what an implementation does not form. */
        List<Tensor> run(Backend backend, Kernels kernels, Inputs inputs);
    }

    /** Random inputs by name, the same for every run. */
    private record Inputs(Kernels kernels) {
        /** In the dtype of activations. */
        Tensor of(String name, long... shape) {
            return kernels.memory().upload(values(name, x -> x, shape), shape);
        }

        /** In single precision. */
        Tensor single(String name, long... shape) {
            return single(name, x -> x, shape);
        }

        Tensor single(String name, DoubleUnaryOperator change, long... shape) {
            return kernels.memory().uploadSingle(values(name, change, shape), shape);
        }

        /** Uniform in [-2, 2) before the change, a function of name and number of elements. */
        private static FloatBuffer values(String name, DoubleUnaryOperator change, long... shape) {
            Random random = new Random(name.hashCode());
            float[] values = new float[TestTensors.size(shape)];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) change.applyAsDouble(random.nextFloat() * 4 - 2);
            }
            return FloatBuffer.wrap(values);
        }
    }

    /** A program with products. */
    private static void checkProducts(Program program) {
        check(IMPLEMENTATIONS, program);
    }

    /** A program without products. */
    private static void check(Program program) {
        check(IMPLEMENTATIONS.stream().filter(one -> !one.onlyProducts()).toList(), program);
    }

    private static void check(List<Implementation> implementations, Program program) {
        List<double[]> expected = run(REFERENCE, true, program);
        for (Implementation tested : implementations) {
            List<double[]> actual = run(tested.backend(), tested.poisoned(), program);
            assertThat(actual).as(tested.name()).hasSameSizeAs(expected);
            for (int i = 0; i < actual.size(); i++) {
                if (actual.get(i) == null) {
                    continue;
                }
                assertThat(error(expected.get(i), actual.get(i)))
                        .as("error of result %d of %s", i, tested.name())
                        .isLessThanOrEqualTo(tested.tolerance());
            }
        }
    }

    /** Largest difference, relative to the largest expected value; NaN where an element is. */
    private static double error(double[] expected, double[] actual) {
        assertThat(actual).hasSameSizeAs(expected);
        double scale = 1e-30;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            scale = Math.max(scale, Math.abs(expected[i]));
            largest = Math.max(largest, Math.abs(expected[i] - actual[i]));
        }
        return largest / scale;
    }

    private static List<double[]> run(Backend backend, boolean poisoned, Program program) {
        try (Kernels kernels = backend.open(1)) {
            if (!poisoned) {
                poison(kernels);
            }
            List<double[]> results = new ArrayList<>();
            for (Tensor tensor : program.run(backend, kernels, new Inputs(kernels))) {
                results.add(tensor == null ? null : TestTensors.doubles(kernels, tensor));
            }
            return results;
        }
    }

    private static void poison(Kernels kernels) {
        List<Tensor> tensors = new ArrayList<>();
        for (long size = 16; size < 1 << 20; size *= 4) {
            for (int i = 0; i < 10; i++) {
                Tensor tensor = kernels.memory().allocate(size);
                kernels.pointwise().fill(tensor, Double.NaN);
                tensors.add(tensor);
            }
        }
        tensors.forEach(Tensor::close);
    }

    private FloatBuffer floats(int size) {
        return TestTensors.floats(random, size);
    }
}
