package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Update;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.tokenized.Batch;
import org.erat.learner.FixedMethod;
import org.erat.learner.NotFiniteException;
import org.erat.learner.TestDevice;
import org.erat.method.AdapterMethod;
import org.erat.method.StepPlan;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A learner makes the steps that Deeplearning4j makes by {@code fit}: both drive the same parts, in the same order, so that
 * they give the same bits.
 */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class LocalStepsTest {
    private static final int STEPS = 5;

    @TempDir
    private Path folder;

    private TinyLearners tiny;

    @BeforeEach
    void start() {
        tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(2)));
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.weightDecay = 0.1;
        tiny.clipNorm = 0.5;
        tiny.dropout = 0.1;
        tiny.pooling = Pooling.FAMILY;
        tiny.headDropout = 0.1;
    }

    private Batch batch(int step) {
        return tiny.batch(step, 4, 2, 5);
    }

    private record Settings(
            Optimizer optimizer, boolean freezeA, Update update, Granularity granularity, boolean regression) {}

    static Stream<Arguments> combinations() {
        List<Settings> settings = List.of(
                new Settings(Optimizer.ADAMW_ROW_LAZY, false, Update.WINDOW, Granularity.STEP, false),
                new Settings(Optimizer.ADAMW_ROW_LAZY, true, Update.WINDOW, Granularity.STEP, false),
                new Settings(Optimizer.ADAMW_ROW_LAZY, false, Update.LAST_ROW, Granularity.STEP, true),
                new Settings(Optimizer.ADAMW_ROW_LAZY, false, Update.WINDOW, Granularity.EXAMPLE, false),
                new Settings(Optimizer.ADAMW_DENSE, false, Update.WINDOW, Granularity.STEP, true),
                new Settings(Optimizer.ADAMW_DENSE, true, Update.WINDOW, Granularity.STEP, false));
        return Stream.of(Precision.F32, Precision.BF16, Precision.F64)
                .flatMap(precision -> settings.stream().map(setting -> Arguments.of(precision, setting)));
    }

    /** On oneDNN in f32 and bf16, and on ND4J in double precision. */
    @ParameterizedTest
    @MethodSource("combinations")
    void aLearnerMakesTheStepsOfFitBitByBit(Precision precision, Settings settings) {
        tiny.on(DeviceChoice.CPU, precision);
        tiny.optimizer = settings.optimizer();
        tiny.freezeA = settings.freezeA();
        tiny.update = settings.update();
        tiny.granularity = settings.granularity();
        if (settings.regression()) {
            tiny.regression();
        }
        ComputationGraph expected = tiny.trainedGraph(1);
        ComputationGraph actual = tiny.trainedGraph(1);
        // The round does not start at the first step, and its state is not new.
        for (ComputationGraph graph : List.of(expected, actual)) {
            try (LocalSteps before = new LocalSteps.FitSteps(graph)) {
                before.step(batch(-1));
            }
            LearnerGraph.startAt(graph, 7, 1);
            LearnerGraph.setShard(graph, 3);
            LearnerGraph.transformer(graph).adapted().activity().take().weights();
        }
        try (LocalSteps byFit = new LocalSteps.FitSteps(expected);
                LocalSteps byLearner = new LearnerSteps(actual)) {
            for (int step = 0; step < STEPS; step++) {
                double loss = byFit.step(batch(step));
                assertThat(byLearner.step(batch(step))).isEqualTo(precision == Precision.F64 ? loss : (float) loss);
            }
            byLearner.finish();
        }
        // ND4J calls arrays equal that differ by less than 1e-5.
        assertThat(actual.params().toDoubleVector())
                .containsExactly(expected.params().toDoubleVector());
        assertThat(actual.getUpdater().getStateViewArray().toDoubleVector())
                .containsExactly(expected.getUpdater().getStateViewArray().toDoubleVector());
        assertThat(LearnerGraph.transformer(actual).adapted().activity().take().weights())
                .isDeepEqualTo(LearnerGraph.transformer(expected)
                        .adapted()
                        .activity()
                        .take()
                        .weights());
        assertThat(LearnerGraph.transformer(actual).kernels().memory().outstanding())
                .isZero();
    }

    /** Every step has two passes of different rows and weights. No method of the configuration plans such steps. */
    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "F64"})
    void aStepOfSeveralSelectionsGivesTheSameBitsToo(Precision precision) {
        tiny.on(DeviceChoice.CPU, precision);
        AdapterMethod method = new FixedMethod(
                tiny.rank,
                List.of(
                        new StepPlan.Selection(0.25, everywhere(new Window(0, 2), 4)),
                        new StepPlan.Selection(0.75, everywhere(new Window(1, 4), 3))));
        ComputationGraph expected = planned(tiny.trainedGraph(1), method);
        ComputationGraph actual = planned(tiny.trainedGraph(1), method);
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
        int[][] steps =
                LearnerGraph.transformer(actual).adapted().activity().take().weights();
        assertThat(steps[0]).containsOnly(STEPS);
    }

    private static RowsBySlot everywhere(Window window, double scale) {
        return RowsBySlot.everywhere(RowSelection.of(window, scale));
    }

    /** The graph with another method than that of its configuration. */
    private static ComputationGraph planned(ComputationGraph graph, AdapterMethod method) {
        setMethod(LearnerGraph.transformer(graph).adapted(), method);
        setMethod(LearnerGraph.head(graph), method);
        return graph;
    }

    private static void setMethod(Object of, AdapterMethod method) {
        try {
            Field field = of.getClass().getDeclaredField("method");
            field.setAccessible(true);
            field.set(of, method);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    /**
     * Losses of five steps against those in double precision: f32 to 1e-5; bf16, whose steps are those of rounded
     * activations, to 2 %; TF32, which rounds an eighth as much and may cut off in place of that, to a quarter of it. AdamW
     * divides by the root of squared gradients plus ε. A large ε keeps it from turning the rounding of a gradient of nearly
     * zero into a whole step.
     */
    @ParameterizedTest
    @CsvSource({
        "CPU, F32, 1e-5",
        "CPU, BF16, 0.02",
        "EMULATED_CUDA, F32, 1e-5",
        "EMULATED_CUDA, TF32, 0.005",
        "EMULATED_CUDA, BF16, 0.02",
        "GPU, F32, 1e-5",
        "GPU, TF32, 0.005",
        "GPU, BF16, 0.02"
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
        try (LocalSteps steps = steps(byLearner, graph)) {
            double[] losses = new double[STEPS];
            for (int step = 0; step < STEPS; step++) {
                losses[step] = steps.step(batch(step));
            }
            return losses;
        } finally {
            LearnerGraph.release(graph);
        }
    }

    @Test
    void aLearnerIsTakenWhereTheModelComputesOnADeviceAndTheOptimizerHasState() {
        assertThat(taken()).isEqualTo(LocalSteps.FitSteps.class);
        try (TestDevice.InUse use = TestDevice.EMULATED_CUDA.use(tiny, Precision.F32)) {
            assertThat(taken()).isEqualTo(LearnerSteps.class);
            tiny.optimizer = Optimizer.SGD;
            assertThat(taken()).isEqualTo(LocalSteps.FitSteps.class);
        }
    }

    private Class<?> taken() {
        ComputationGraph graph = tiny.graph();
        try (LocalSteps steps = LocalSteps.of(graph)) {
            return steps.getClass();
        } finally {
            LearnerGraph.release(graph);
        }
    }

    private static LocalSteps steps(boolean byLearner, ComputationGraph graph) {
        return byLearner ? new LearnerSteps(graph) : new LocalSteps.FitSteps(graph);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStepThatIsNotFiniteLeavesTheParametersOfTheOneBefore(boolean byLearner) {
        ComputationGraph graph = tiny.trainedGraph(1);
        LearnerGraph.head(graph).getParam("classifier.bias").putScalar(0, Double.NaN);
        double[] before = graph.params().toDoubleVector();
        try (LocalSteps steps = steps(byLearner, graph)) {
            assertThatExceptionOfType(NotFiniteException.class)
                    .isThrownBy(() -> steps.step(batch(0)))
                    .satisfies(e -> assertThat(e.loss()).isNaN())
                    .satisfies(e -> assertThat(e.updated()).isFalse());
        }
        assertThat(graph.params().toDoubleVector()).containsExactly(before);
        INDArray gradient = graph.getFlattenedGradients();
        assertThat(gradient.toDoubleVector()).as("its gradient, for the search").contains(Double.NaN);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aParameterThatLeavesTheRangeOfNumbersIsSeenInItsStep(boolean byLearner) {
        tiny.on(DeviceChoice.CPU, Precision.F32);
        tiny.learningRate = 1e39;
        ComputationGraph graph = tiny.trainedGraph(1);
        try (LocalSteps steps = steps(byLearner, graph)) {
            assertThatExceptionOfType(NotFiniteException.class)
                    .isThrownBy(() -> steps.step(batch(0)))
                    .satisfies(e -> assertThat(e.updated()).isTrue());
        }
        assertThat(Double.isFinite(graph.params().sumNumber().doubleValue())).isFalse();
    }
}
