package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Method;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.TaskType;
import org.erat.learner.TestDevice;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Steps whose batches are worked in parts are those of whole batches, with their rows, dropout, noise and mean loss. What
 * differs is the order in which gradients are summed: after four steps parameters near 1 agree to 1e-12 in double and to 1e-6
 * in single precision. A large ε of AdamW keeps it from turning the rounding of a gradient of nearly zero into a whole step.
 */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class MicroBatchTest {
    private static final int STEPS = 4;

    @TempDir
    private Path folder;

    private TinyLearners tiny;

    @BeforeEach
    void start() {
        tiny = new TinyLearners(TinyBaseModel.writeMasked(folder, TinyBaseModel.bert(2)));
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.dropout = 0.3;
        tiny.clipNorm = 0.5;
        tiny.epsilon = 0.01;
        tiny.weightDecay = 0.1;
    }

    /** Five examples; of the last one a language model has nothing to predict. */
    private Batch batch(int step) {
        return tiny.batch(step, 4, 2, 5, 3, 1);
    }

    private record Trained(double[] losses, double[] parameters, int[][] weights) {}

    private Trained trained(int microBatchSize) {
        tiny.microBatchSize = microBatchSize;
        ComputationGraph graph = tiny.trainedGraph(1);
        LearnerGraph.setShard(graph, 3);
        try (LocalSteps steps = LocalSteps.byLearner(graph)) {
            double[] losses = IntStream.range(0, STEPS)
                    .mapToDouble(step -> steps.step(batch(step)))
                    .toArray();
            steps.finish();
            return new Trained(
                    losses,
                    graph.params().toDoubleVector(),
                    LearnerGraph.transformer(graph).adapted().activity().take().weights());
        } finally {
            LearnerGraph.release(graph);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "CLASSIFICATION, ERAT, EXAMPLE, CPU, F32, 1e-6",
        "CLASSIFICATION, ERAT, STEP, ND4J, F64, 1e-12",
        "MULTI_LABEL_CLASSIFICATION, ERAT, EXAMPLE, ND4J, F64, 1e-12",
        "REGRESSION, MATRYOSHKA, STEP, ND4J, F64, 1e-12",
        "TOKEN_CLASSIFICATION, ERAT, EXAMPLE, ND4J, F64, 1e-12",
        "LANGUAGE_MODELING, ERAT, EXAMPLE, ND4J, F64, 1e-12",
        "LANGUAGE_MODELING, LORA, STEP, CPU, F32, 1e-6",
        "CLASSIFICATION, ERAT, EXAMPLE, EMULATED_CUDA, F32, 1e-6",
        "CLASSIFICATION, ERAT, EXAMPLE, GPU, F32, 1e-5"
    })
    void partsOfABatchMakeTheStepsOfTheWhole(
            TaskType task,
            Method method,
            Granularity granularity,
            TestDevice device,
            Precision precision,
            double tolerance) {
        tiny.task = task;
        tiny.outputs = task == TaskType.REGRESSION ? 1 : 3;
        tiny.method = method;
        tiny.granularity = granularity;
        assertPartsAgree(device, precision, tolerance);
    }

    /** The pseudo tokens of a batch are drawn before it is divided. */
    @ParameterizedTest
    @CsvSource({"true, 1e-12", "false, 1e-12"})
    void soDoThoseOfAnEncoderThatIsALanguageModel(boolean pseudoMask, double tolerance) {
        tiny.task = TaskType.LANGUAGE_MODELING;
        tiny.pseudoMask = pseudoMask;
        assertPartsAgree(TestDevice.ND4J, Precision.F64, tolerance);
    }

    private void assertPartsAgree(TestDevice device, Precision precision, double tolerance) {
        try (TestDevice.InUse use = device.use(tiny, precision)) {
            Trained whole = trained(0);
            for (int size : new int[] {1, 2, 3}) {
                Trained parts = trained(size);
                assertThat(parts.losses()).containsExactly(whole.losses(), within(tolerance));
                assertThat(parts.parameters()).containsExactly(whole.parameters(), within(tolerance));
                assertThat(parts.weights()).isDeepEqualTo(whole.weights());
            }
            assertThat(trained(5).parameters()).as("one part is the whole").containsExactly(whole.parameters());
        }
    }

    @Test
    void deeplearning4jMakesTheStepsOnlyWhereBatchesAreWhole() {
        tiny.on(DeviceChoice.CPU, Precision.F32);
        assertThat(stepsOf()).isInstanceOf(LocalSteps.FitSteps.class);
        tiny.microBatchSize = 2;
        assertThat(stepsOf()).isInstanceOf(LearnerSteps.class);
        tiny.optimizer = Optimizer.SGD;
        assertThat(stepsOf()).isInstanceOf(LocalSteps.FitSteps.class);
    }

    private LocalSteps stepsOf() {
        ComputationGraph graph = tiny.graph();
        try (LocalSteps steps = LocalSteps.of(graph)) {
            return steps;
        } finally {
            LearnerGraph.release(graph);
        }
    }
}
