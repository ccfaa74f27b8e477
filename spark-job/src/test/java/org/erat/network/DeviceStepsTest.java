package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.EnumSet;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.Target;
import org.erat.compute.CudaDevice;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Update;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * Steps on the device are Deeplearning4j's steps: the same windows, losses, parameters and optimizer state. In double
 * precision they differ in the order of sums only. AdamW divides by the root of squared gradients, so a rounding of a
 * gradient that is nearly zero moves its parameter by a share of the learning rate: 1e-9 of steps of 0.01 leaves room for
 * that in double precision; in f32 and bf16 parameters may differ by some steps' length and losses are compared.
 */
class DeviceStepsTest {
    private static final int STEPS = 5;

    @TempDir
    private Path folder;

    private TinyEncoders tiny;

    @BeforeEach
    void start() {
        tiny = new TinyEncoders(TinyBaseModel.write(folder, TinyBaseModel.bert(2)));
        tiny.targets = EnumSet.allOf(Target.class);
        tiny.weightDecay = 0.1;
        tiny.clipNorm = 0.5;
        tiny.dropout = 0.1;
    }

    private MultiDataSet batch(int step) {
        return tiny.batch(step, 4, 2, 5);
    }

    @ParameterizedTest
    @CsvSource({
        "ADAMW_ROW_LAZY, false, WINDOW, STEP, false",
        "ADAMW_ROW_LAZY, true, WINDOW, STEP, false",
        "ADAMW_ROW_LAZY, false, LAST_ROW, STEP, true",
        "ADAMW_ROW_LAZY, false, WINDOW, EXAMPLE, false",
        "ADAMW_DENSE, false, WINDOW, STEP, true",
        "ADAMW_DENSE, true, WINDOW, STEP, false"
    })
    void theyAreTheStepsOfTheGraph(
            Optimizer optimizer, boolean freezeA, Update update, Granularity granularity, boolean regression) {
        tiny.optimizer = optimizer;
        tiny.freezeA = freezeA;
        tiny.update = update;
        tiny.granularity = granularity;
        tiny.regression = regression;
        tiny.outputs = regression ? 1 : 3;
        ComputationGraph expected = tiny.trainedGraph(1);
        ComputationGraph actual = tiny.trainedGraph(1);
        // The round does not start at the first step, and its state is not new.
        for (ComputationGraph graph : new ComputationGraph[] {expected, actual}) {
            try (LocalSteps before = new GraphSteps(graph, tiny.clipNorm)) {
                before.step(batch(-1));
            }
            EncoderGraph.startAt(graph, 7, 1);
            EncoderGraph.encoder(graph).setWorker(3);
            EncoderGraph.encoder(graph).takeRowSteps();
        }
        try (LocalSteps inGraph = new GraphSteps(expected, tiny.clipNorm);
                LocalSteps onDevice = new DeviceSteps(actual, tiny.clipNorm)) {
            for (int step = 0; step < STEPS; step++) {
                assertThat(onDevice.step(batch(step))).isCloseTo(inGraph.step(batch(step)), within(1e-9));
            }
            onDevice.finish();
        }
        assertClose(actual.params(), expected.params(), 1e-9);
        assertClose(
                actual.getUpdater().getStateViewArray(), expected.getUpdater().getStateViewArray(), 1e-9);
        assertThat(EncoderGraph.encoder(actual).takeRowSteps())
                .isDeepEqualTo(EncoderGraph.encoder(expected).takeRowSteps());
        assertThat(EncoderGraph.encoder(actual).passes().kernels().outstanding())
                .isZero();
    }

    private static void assertClose(INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).isLessThan(tolerance);
    }

    /** Losses of five steps: f32 to 1e-5; bf16, whose steps are those of rounded activations, to 2 %. */
    @ParameterizedTest
    @CsvSource({
        "cpu, f32, 1e-5",
        "cpu, bf16, 0.02",
        "emulated-cuda, f32, 1e-5",
        "emulated-cuda, bf16, 0.02",
        "gpu-0, f32, 1e-5",
        "gpu-0, bf16, 0.02"
    })
    void everyImplementationMakesThem(String device, String precision, double tolerance) {
        CudaDevice.provideFor(device);
        double[] expected = losses(new GraphSteps(tiny.trainedGraph(1), tiny.clipNorm));
        tiny.device = device;
        tiny.precision = precision;
        tiny.dataType = DataType.FLOAT;
        ComputationGraph graph = tiny.trainedGraph(1);
        double[] actual = losses(new DeviceSteps(graph, tiny.clipNorm));
        assertThat(actual).containsExactly(expected, within(tolerance));
        assertThat(losses(new DeviceSteps(tiny.trainedGraph(1), tiny.clipNorm))).containsExactly(actual);
    }

    private double[] losses(LocalSteps steps) {
        try (steps) {
            double[] losses = new double[STEPS];
            for (int step = 0; step < STEPS; step++) {
                losses[step] = steps.step(batch(step));
            }
            return losses;
        }
    }

    @ParameterizedTest
    @CsvSource({"nd4j, GraphSteps", "emulated-cuda, DeviceSteps"})
    void theyAreTakenWhereTheEncoderComputesOnADevice(String device, String taken) {
        CudaDevice.provideFor(device);
        tiny.device = device;
        tiny.dataType = DataType.FLOAT;
        try (LocalSteps steps = LocalSteps.of(tiny.graph(), 1)) {
            assertThat(steps.getClass().getSimpleName()).isEqualTo(taken);
        }
        tiny.optimizer = Optimizer.SGD;
        try (LocalSteps steps = LocalSteps.of(tiny.graph(), 1)) {
            assertThat(steps).isInstanceOf(GraphSteps.class);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStepThatIsNotFiniteLeavesTheParametersOfTheOneBefore(boolean onDevice) {
        ComputationGraph graph = tiny.trainedGraph(1);
        INDArray dense = graph.getLayer(EncoderGraph.OUTPUT).getParam("b");
        dense.putScalar(0, Double.NaN);
        double[] before = graph.params().toDoubleVector();
        try (LocalSteps steps =
                onDevice ? new DeviceSteps(graph, tiny.clipNorm) : new GraphSteps(graph, tiny.clipNorm)) {
            assertThatExceptionOfType(LocalSteps.NotFiniteException.class)
                    .isThrownBy(() -> steps.step(batch(0)))
                    .satisfies(e -> assertThat(e.loss()).isNaN())
                    .satisfies(e -> assertThat(e.moved()).isFalse());
        }
        assertThat(graph.params().toDoubleVector()).containsExactly(before);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aParameterThatLeavesTheRangeOfNumbersIsSeenInItsStep(boolean onDevice) {
        tiny.learningRate = 1e39;
        tiny.device = "cpu";
        tiny.dataType = DataType.FLOAT;
        ComputationGraph graph = tiny.trainedGraph(1);
        try (LocalSteps steps =
                onDevice ? new DeviceSteps(graph, tiny.clipNorm) : new GraphSteps(graph, tiny.clipNorm)) {
            assertThatExceptionOfType(LocalSteps.NotFiniteException.class)
                    .isThrownBy(() -> steps.step(batch(0)))
                    .satisfies(e -> assertThat(e.moved()).isTrue());
        }
        assertThat(Double.isFinite(graph.params().sumNumber().doubleValue())).isFalse();
    }
}
