package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.TaskType;
import org.erat.learner.LearnerProbe;
import org.erat.learner.TestDevice;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps of a masked language model whose head is the base model's own, with Deeplearning4j and without. */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class LanguageModelStepsTest {
    private static final int STEPS = 5;

    @TempDir
    private Path folder;

    private TinyLearners tiny;

    @BeforeEach
    void start() {
        tiny = new TinyLearners(TinyBaseModel.writeMasked(folder, TinyBaseModel.bert(2)));
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.task = TaskType.LANGUAGE_MODELING;
        tiny.clipNorm = 0.5;
        tiny.labelSmoothing = 0.1;
    }

    private Batch batch(int step) {
        return tiny.batch(step, 4, 2, 5);
    }

    @ParameterizedTest
    @CsvSource({
        "F32, ADAMW_ROW_LAZY, STEP",
        "BF16, ADAMW_ROW_LAZY, EXAMPLE",
        "F64, ADAMW_DENSE, STEP",
        "F64, ADAMW_ROW_LAZY, EXAMPLE"
    })
    void aLearnerMakesTheStepsOfFitBitByBit(Precision precision, Optimizer optimizer, Granularity granularity) {
        tiny.on(DeviceChoice.CPU, precision);
        tiny.dropout = 0.1;
        tiny.optimizer = optimizer;
        tiny.granularity = granularity;
        ComputationGraph expected = tiny.trainedGraph(1);
        ComputationGraph actual = tiny.trainedGraph(1);
        assertThat(expected.params().length())
                .isEqualTo(tiny.spec().adapterLayout().length());
        try (LocalSteps byFit = new LocalSteps.FitSteps(expected);
                LocalSteps byLearner = new LearnerSteps(actual)) {
            for (int step = 0; step < STEPS; step++) {
                double loss = byFit.step(batch(step));
                assertThat(byLearner.step(batch(step))).isEqualTo(precision == Precision.F64 ? loss : (float) loss);
            }
            byLearner.finish();
        }
        assertThat(actual.params().toDoubleVector())
                .containsExactly(expected.params().toDoubleVector());
        assertThat(actual.getUpdater().getStateViewArray().toDoubleVector())
                .containsExactly(expected.getUpdater().getStateViewArray().toDoubleVector());
        int targets = IntStream.range(0, STEPS)
                .map(step -> batch(step).targets().count())
                .sum();
        int[][] weights =
                LearnerGraph.transformer(actual).adapted().activity().take().weights();
        assertThat(weights)
                .isDeepEqualTo(LearnerGraph.transformer(expected)
                        .adapted()
                        .activity()
                        .take()
                        .weights());
        assertThat(Arrays.stream(weights).flatMapToInt(Arrays::stream).max().orElseThrow())
                .as("target tokens, and not steps")
                .isBetween(STEPS + 1, targets);
        LearnerGraph.release(expected);
        LearnerGraph.release(actual);
    }

    /** As for other heads: f32 to 1e-5, bf16 to 2 % of losses near 4. */
    @ParameterizedTest
    @CsvSource({
        "CPU, F32, 1e-4",
        "CPU, BF16, 0.08",
        "EMULATED_CUDA, F32, 1e-4",
        "EMULATED_CUDA, BF16, 0.08",
        "GPU, F32, 1e-4"
    })
    void everyImplementationMakesThem(TestDevice device, Precision precision, double tolerance) {
        tiny.epsilon = 0.01;
        double[] expected = losses(false);
        try (TestDevice.InUse use = device.use(tiny, precision)) {
            double[] actual = losses(true);
            assertThat(actual).containsExactly(expected, within(tolerance));
            assertThat(losses(true)).containsExactly(actual);
        }
    }

    private double[] losses(boolean byLearner) {
        ComputationGraph graph = tiny.trainedGraph(1);
        try (LocalSteps steps = byLearner ? new LearnerSteps(graph) : new LocalSteps.FitSteps(graph)) {
            return IntStream.range(0, STEPS)
                    .mapToDouble(step -> steps.step(batch(step)))
                    .toArray();
        } finally {
            LearnerGraph.release(graph);
        }
    }

    /** Of the smoothed loss. Along a direction of length 1 a central difference with h = 1e-5 errs by 1e-9 at most. */
    @Test
    void theGradientOfAllAdaptersIsThatOfTheMeanOverTargetTokens() {
        double[] adapters = tiny.adapters(2);
        try (LearnerProbe probe = new LearnerProbe(tiny.spec(), adapters, batch(1), 0)) {
            double[] gradient = probe.loss().gradient();
            assertThat(gradient).hasSize(adapters.length);
            double[] direction = new double[adapters.length];
            double expected = 0;
            for (int i = 0; i < direction.length; i++) {
                direction[i] = Math.sin(i) / Math.sqrt(direction.length / 2.0);
                expected += direction[i] * gradient[i];
            }
            assertThat(slope(probe, direction)).isCloseTo(expected, within(1e-8));
        }
    }

    private static double slope(LearnerProbe probe, double[] direction) {
        double h = 1e-5;
        double[] center = probe.parameters().clone();
        double[] sides = new double[2];
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < direction.length; i++) {
                probe.parameters()[i] = center[i] + (side == 0 ? h : -h) * direction[i];
            }
            sides[side] = probe.loss().value();
        }
        return (sides[0] - sides[1]) / (2 * h);
    }
}
