package org.erat.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.commons.math3.special.Erf;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.tokenized.Targets;
import org.erat.model.TinyOutputLayers;
import org.erat.model.TinyOutputLayers.TransformValues;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A language model's head against plain loops in double precision, whatever its chunks and on every implementation. */
class LanguageModelHeadTest {
    private static final int WIDTH = 8;
    private static final int VOCABULARY = 37;
    private static final int[] CLASSES = {3, 36, 0, 3, 17, 9, 36, 5, 11, 30, 2, 8, 21, 14, 1, 33, 27, 6, 19, 12};
    private static final double WEIGHT = 0.7;

    private final Random random = new Random(3);
    private final float[] table = floats(VOCABULARY * WIDTH, 0.5);
    private final float[] bias = floats(VOCABULARY, 0.5);
    private final double[] states =
            random.doubles((long) CLASSES.length * WIDTH, -1.5, 1.5).toArray();
    private final TransformValues transform =
            new TransformValues(floats(WIDTH * WIDTH, 0.5), floats(WIDTH, 0.3), floats(WIDTH, 1), floats(WIDTH, 0.3));

    private float[] floats(int count, double spread) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (spread * random.nextGaussian());
        }
        return values;
    }

    /** Losses, and the gradient of the states. */
    private record Result(double[] losses, double[] dStates) {}

    private Result run(Backend backend, boolean transformed, double smoothing, long logitsAtOnce) {
        HeadSpec spec = HeadSpec.ofVocabulary(WIDTH, VOCABULARY, HeadSpec.Loss.NEXT_TOKEN);
        // One target, then all others, whose tokens lie between tokens without a target.
        int[] ofTokens = new int[2 * CLASSES.length];
        Arrays.fill(ofTokens, Targets.NONE);
        for (int i = 0; i < CLASSES.length; i++) {
            ofTokens[i == 0 ? 0 : CLASSES.length + i] = CLASSES[i];
        }
        Targets targets = new Targets.TokenClasses(ofTokens);
        Head.Parameters none = new Head.Parameters(null, null, 0);
        try (Kernels kernels = backend.open(1)) {
            try (TinyOutputLayers output = layer(backend, kernels, transformed);
                    Tensor x = kernels.memory().uploadSingle(DoubleBuffer.wrap(states), CLASSES.length, WIDTH);
                    Tensor losses = kernels.memory().allocateSingle(CLASSES.length);
                    Tensor lossesAlone = kernels.memory().allocateSingle(CLASSES.length)) {
                Head head = new LanguageModelHead(spec, smoothing, kernels, output::layer, Float.BYTES * logitsAtOnce);
                try (Tensor dStates = head.lossGradient(x, targets, WEIGHT, 0, 0, none, losses)) {
                    head.loss(x, targets, none, lossesAlone);
                    assertThat(TestTensors.doubles(kernels, lossesAlone))
                            .containsExactly(TestTensors.doubles(kernels, losses));
                    return new Result(TestTensors.doubles(kernels, losses), TestTensors.doubles(kernels, dStates));
                }
            } finally {
                assertThat(kernels.memory().outstanding()).isZero();
            }
        }
    }

    private TinyOutputLayers layer(Backend backend, Kernels kernels, boolean transformed) {
        FloatBuffer rows = TestTensors.direct(FloatBuffer.wrap(table));
        return transformed
                ? TinyOutputLayers.transformed(backend, kernels, rows, FloatBuffer.wrap(bias), WIDTH, transform)
                : TinyOutputLayers.plain(backend, kernels, rows, FloatBuffer.wrap(bias), WIDTH);
    }

    // ---- plain loops

    private double[] expectedLosses(double[] of, boolean transformed, double smoothing) {
        double[] losses = new double[CLASSES.length];
        for (int row = 0; row < losses.length; row++) {
            double[] x = Arrays.copyOfRange(of, row * WIDTH, (row + 1) * WIDTH);
            losses[row] = loss(transformed ? transformed(x) : x, CLASSES[row], smoothing);
        }
        return losses;
    }

    private double loss(double[] x, int label, double smoothing) {
        double[] logits = new double[VOCABULARY];
        for (int v = 0; v < VOCABULARY; v++) {
            logits[v] = bias[v];
            for (int i = 0; i < WIDTH; i++) {
                logits[v] += table[v * WIDTH + i] * x[i];
            }
        }
        double logarithm = Math.log(Arrays.stream(logits).map(Math::exp).sum());
        double mean = Arrays.stream(logits).average().orElseThrow() - logarithm;
        return (1 - smoothing) * (logarithm - logits[label]) - smoothing * mean;
    }

    private double[] transformed(double[] x) {
        double[] y = new double[WIDTH];
        for (int o = 0; o < WIDTH; o++) {
            double inner = transform.bias()[o];
            for (int i = 0; i < WIDTH; i++) {
                inner += transform.dense()[o * WIDTH + i] * x[i];
            }
            y[o] = inner / 2 * (1 + Erf.erf(inner / Math.sqrt(2)));
        }
        double mean = Arrays.stream(y).average().orElseThrow();
        double variance = Arrays.stream(y)
                .map(one -> (one - mean) * (one - mean))
                .average()
                .orElseThrow();
        for (int o = 0; o < WIDTH; o++) {
            y[o] = (y[o] - mean)
                            / Math.sqrt(variance + TinyOutputLayers.EPSILON)
                            * transform.weight()[o]
                    + transform.shift()[o];
        }
        return y;
    }

    /** Central differences of WEIGHT times the mean loss. */
    private double[] expectedGradient(boolean transformed, double smoothing) {
        double h = 1e-5;
        double[] gradient = new double[states.length];
        for (int i = 0; i < gradient.length; i++) {
            double[] moved = states.clone();
            moved[i] += h;
            double above =
                    Arrays.stream(expectedLosses(moved, transformed, smoothing)).sum();
            moved[i] -= 2 * h;
            double below =
                    Arrays.stream(expectedLosses(moved, transformed, smoothing)).sum();
            gradient[i] = WEIGHT * (above - below) / (2 * h) / CLASSES.length;
        }
        return gradient;
    }

    /**
     * All targets in one chunk; 16 and 4; 11 and 9, where a multiple of 8 does not fit; three at a time; and one at a time
     * where not even a row fits. Losses err by a few roundings of
     * sums of numbers near 1; differences by h² in truncation and by the rounding of 1/h in rounding, 1e-9 in all.
     */
    @ParameterizedTest
    @CsvSource({
        "false, 0, 1000",
        "false, 0, 592",
        "false, 0.1, 407",
        "false, 0, 111",
        "false, 0.1, 1",
        "true, 0, 1000",
        "true, 0.1, 120",
        "true, 0, 37"
    })
    void lossesAndTheGradientOfTheStatesAreThoseOfPlainLoops(boolean transformed, double smoothing, long logits) {
        Result result = run(new Nd4jBackend(Precision.F64), transformed, smoothing, logits);

        assertThat(result.losses()).containsExactly(expectedLosses(states, transformed, smoothing), within(1e-12));
        assertThat(result.dStates()).containsExactly(expectedGradient(transformed, smoothing), within(1e-8));
    }

    /**
     * f32 errs by 1e-5 of the largest value. bf16 rounds states, weights and the gradient of the logits to 2⁻⁹ each, so that
     * sums of 8 and 37 terms err by some times that.
     */
    @Test
    void everyImplementationAgreesWithThem() {
        for (boolean transformed : new boolean[] {false, true}) {
            double[] losses = expectedLosses(states, transformed, 0.1);
            double[] gradient = expectedGradient(transformed, 0.1);
            double largest = Arrays.stream(gradient).map(Math::abs).max().orElseThrow();
            for (Backend backend : backends(Precision.F32)) {
                Result result = run(backend, transformed, 0.1, 111);
                assertThat(result.losses()).as(backend.name()).containsExactly(losses, within(5e-5));
                assertThat(result.dStates())
                        .as(backend.name())
                        .containsExactly(gradient, within(1e-5 * largest + 1e-7));
            }
            for (Backend backend : backends(Precision.BF16)) {
                Result result = run(backend, transformed, 0.1, 111);
                assertThat(result.losses()).as(backend.name()).containsExactly(losses, within(0.1));
                assertThat(result.dStates()).as(backend.name()).containsExactly(gradient, within(0.05 * largest));
                assertThat(run(backend, transformed, 0.1, 111).dStates()).containsExactly(result.dStates());
            }
        }
    }

    private static List<Backend> backends(Precision precision) {
        List<Backend> backends = new ArrayList<>(CudaUnderTest.of(precision));
        Stream.of(Weights.values()).forEach(order -> backends.add(new OneDnnBackend(precision, order)));
        if (precision == Precision.F32) {
            backends.add(new Nd4jBackend(Precision.F32));
        }
        backends.removeIf(backend -> !CudaUnderTest.isTested(backend));
        return backends;
    }
}
