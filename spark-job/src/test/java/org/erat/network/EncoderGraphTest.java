package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Target;
import org.erat.compute.CudaDevice;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.model.TinyBaseModel;
import org.erat.schedule.Window;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.NoOp;

/** What Deeplearning4j may expect of a graph holds for this one. */
class EncoderGraphTest {
    @TempDir
    private static Path folder;

    private static TinyBaseModel model;

    @BeforeAll
    static void writeModel() {
        model = TinyBaseModel.write(folder, TinyBaseModel.bert(2));
    }

    /** R·(in + out) for each adapter, a dense layer of H and an output layer of C: 8·2 + …, counted by hand. */
    @Test
    void parametersAreTheAdaptersAndTheHeadAndNothingElse() {
        TinyEncoders tiny = new TinyEncoders(model);
        tiny.targets = EnumSet.allOf(Target.class);
        tiny.rank = 4;
        tiny.outputs = 3;

        ComputationGraph graph = tiny.graph();

        int square = 4 * (8 + 8);
        int feedForward = 4 * (8 + 16);
        int head = (8 * 8 + 8) + (8 * 3 + 3);
        assertThat(graph.params().length()).isEqualTo(2 * (4 * square + 2 * feedForward) + head);
        assertThat(graph.numParams()).isEqualTo(graph.params().length());
        assertThat(graph.paramTable()).hasSize(2 * 6 * 2 + 4);
    }

    /** B is zero and A uniform in ±1/√in, so that a fresh adapter changes nothing and its first gradient is that of B. */
    @Test
    void freshAdaptersLeaveTheBaseModelAsItIs() {
        TinyEncoders tiny = new TinyEncoders(model);
        tiny.targets = EnumSet.allOf(Target.class);
        ComputationGraph graph = tiny.graph();
        EncoderLayer encoder = EncoderGraph.encoder(graph);
        for (Map.Entry<String, INDArray> entry : encoder.paramTable().entrySet()) {
            INDArray values = entry.getValue();
            if (entry.getKey().endsWith(".B")) {
                assertThat(values.amaxNumber().doubleValue()).isZero();
            } else {
                double bound = 1 / Math.sqrt((double) values.columns());
                assertThat(values.amaxNumber().doubleValue()).isBetween(0.8 * bound, bound);
                assertThat(values.meanNumber().doubleValue()).isCloseTo(0, within(0.5 * bound));
            }
        }
        MultiDataSet batch = tiny.batch(1, 4, 6);
        INDArray withAll = output(graph, batch);
        RowSelection one = RowSelection.of(new Window(0, 1), 5);
        encoder.useRows(new RowSelection[] {one, one});
        assertThat(output(graph, batch)).isEqualTo(withAll);
    }

    @Test
    void configurationSurvivesJson() {
        for (Optimizer optimizer : Optimizer.values()) {
            TinyEncoders tiny = new TinyEncoders(model);
            tiny.optimizer = optimizer;
            tiny.weightDecay = 0.01;
            tiny.warmupShare = 0.1;
            ComputationGraphConfiguration configuration = EncoderGraph.configuration(tiny.spec(), tiny.settings());

            ComputationGraphConfiguration read = ComputationGraphConfiguration.fromJson(configuration.toJson());

            assertThat(read).isEqualTo(configuration);
            assertThat(read.toJson()).isEqualTo(configuration.toJson());
            ComputationGraph graph = new ComputationGraph(read);
            graph.init();
            ComputationGraph original = tiny.graph();
            assertThat(graph.params()).isEqualTo(original.params());
            MultiDataSet batch = tiny.batch(1, 4, 6);
            graph.fit(batch);
            original.fit(batch);
            assertThat(graph.params()).isEqualTo(original.params());
        }
    }

    @ParameterizedTest
    @EnumSource(Optimizer.class)
    void aGraphThatWasSavedGoesOnBitForBit(Optimizer optimizer) throws IOException {
        TinyEncoders tiny = new TinyEncoders(model);
        tiny.optimizer = optimizer;
        tiny.dataType = DataType.FLOAT;
        tiny.dropout = 0.2;
        ComputationGraph graph = tiny.graph();
        for (int step = 0; step < 4; step++) {
            graph.fit(tiny.batch(step, 5, 3, 4));
        }

        ByteArrayOutputStream saved = new ByteArrayOutputStream();
        ModelSerializer.writeModel(graph, saved, true);
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(saved.toByteArray()), true);

        MultiDataSet next = tiny.batch(9, 2, 6, 4);
        assertThat(restored.params()).isEqualTo(graph.params());
        assertThat(output(restored, next)).isEqualTo(output(graph, next));
        graph.fit(next);
        restored.fit(next);
        assertThat(restored.params()).isEqualTo(graph.params());
        if (optimizer != Optimizer.SGD) {
            assertThat(restored.getUpdater().getStateViewArray())
                    .isEqualTo(graph.getUpdater().getStateViewArray());
        }
    }

    /** The tasks of an executor may be handed one configuration object. */
    @Test
    void graphsOfOneConfigurationTrainIndependently() {
        TinyEncoders tiny = new TinyEncoders(model);
        ComputationGraphConfiguration shared = EncoderGraph.configuration(tiny.spec(), tiny.settings());
        ComputationGraph first = new ComputationGraph(shared);
        first.init();
        ComputationGraph second = new ComputationGraph(shared);
        second.init();
        EncoderGraph.encoder(second).setWorker(7);
        ComputationGraph alone = tiny.graph();
        for (int step = 0; step < 3; step++) {
            MultiDataSet batch = tiny.batch(step, 5, 3);
            EncoderGraph.startAt(first, step, 0);
            first.fit(batch);
            EncoderGraph.startAt(second, step, 0);
            second.fit(batch);
            alone.fit(batch);
        }
        assertThat(first.params()).isEqualTo(alone.params());
        assertThat(second.params()).isNotEqualTo(alone.params());
    }

    /** A graph that served another round before draws the windows of the step that it is told. */
    @Test
    void aUsedGraphStartsAtTheStepThatItIsTold() {
        TinyEncoders tiny = new TinyEncoders(model);
        ComputationGraph used = tiny.graph();
        used.fit(tiny.batch(1, 4));
        ComputationGraph fresh = tiny.graph();
        used.setParams(fresh.params().dup());
        used.getUpdater().getStateViewArray().assign(0);
        EncoderGraph.encoder(used).takeRowSteps();
        for (ComputationGraph graph : new ComputationGraph[] {used, fresh}) {
            EncoderGraph.startAt(graph, 11, 1);
            graph.fit(tiny.batch(2, 5, 3));
        }
        assertThat(used.params()).isEqualTo(fresh.params());
        int[][] rowSteps = EncoderGraph.encoder(used).takeRowSteps();
        for (int block = 0; block < 2; block++) {
            Window window = tiny.spec().rankSchedule().window(11, block, 0);
            for (int row = 0; row < tiny.rank; row++) {
                assertThat(rowSteps[block][row]).isEqualTo(window.start() <= row && row < window.end() ? 1 : 0);
            }
        }
    }

    /**
     * Deeplearning4j's own check, through loss and head: its usual settings (h = 1e-6, relative error 1e-5, absolute error
     * 1e-8 below which a relative one says nothing).
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesTheGradientCheckOfDeeplearning4j(boolean regression) {
        TinyEncoders tiny = new TinyEncoders(TinyBaseModel.write(folder.resolve("one"), TinyBaseModel.bert(1)));
        tiny.regression = regression;
        tiny.outputs = regression ? 1 : 3;
        tiny.targets = EnumSet.of(Target.KEY, Target.OUTPUT);
        tiny.rank = 2;
        tiny.granularity = Granularity.EXAMPLE;
        ComputationGraphConfiguration configuration = EncoderGraph.configuration(tiny.spec(), tiny.settings());
        for (GraphVertex vertex : configuration.getVertices().values()) {
            // The check compares raw gradients.
            ((BaseLayer) ((LayerVertex) vertex).getLayerConf().getLayer()).setIUpdater(new NoOp());
        }
        ComputationGraph graph = new ComputationGraph(configuration);
        graph.init();
        graph.setParams(tiny.trainedGraph(3).params());
        MultiDataSet batch = tiny.batch(4, 4, 2, 3);

        // The check refuses to run under another default type.
        DataType usual = Nd4j.defaultFloatingPointType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
        try {
            assertThat(GradientCheckUtil.checkGradients(new GradientCheckUtil.GraphConfig()
                            .net(graph)
                            .epsilon(1e-6)
                            .maxRelError(1e-5)
                            .minAbsoluteError(1e-8)
                            .inputs(batch.getFeatures())
                            .labels(batch.getLabels())
                            .inputMask(batch.getFeaturesMaskArrays())))
                    .isTrue();
        } finally {
            Nd4j.setDefaultDataTypes(usual, usual);
        }
    }

    /** The rows beyond a prefix are as good as zero, and only the scale tells how many there are. */
    @Test
    void inferenceAtARankIsTheAdapterCutToItsFirstRows() {
        TinyEncoders tiny = new TinyEncoders(model);
        tiny.targets = EnumSet.allOf(Target.class);
        ComputationGraph graph = tiny.trainedGraph(6);
        MultiDataSet batch = tiny.batch(1, 6, 3);
        int rank = 3;
        double scale = 8.0 / rank;
        RowSelection prefix = RowSelection.of(new Window(0, rank), scale);
        EncoderLayer encoder = EncoderGraph.encoder(graph);
        encoder.useRows(new RowSelection[] {prefix, prefix});
        INDArray cut = output(graph, batch);

        encoder.useRows(new RowSelection[] {whole(scale), whole(scale)});
        AdapterLayout layout = tiny.spec().layout();
        for (AdapterLayout.Slot slot : layout.slots()) {
            for (long i = slot.rowOfB(rank); i < slot.rowOfB(tiny.rank); i++) {
                encoder.params().putScalar(i, 0);
            }
        }
        INDArray zeroed = output(graph, batch);

        // The same sums with zeros added: equal up to the order of a few double additions.
        assertThat(cut.sub(zeroed).amaxNumber().doubleValue()).isLessThan(1e-12);
        assertThat(cut.sub(output(tiny.graph(), batch)).amaxNumber().doubleValue())
                .isGreaterThan(1e-3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nd4j", "cpu", "emulated-cuda", "gpu-0"})
    void severalSelectionsInOnePassGiveWhatEachGivesAlone(String device) {
        TinyEncoders tiny = new TinyEncoders(model);
        CudaDevice.provideFor(device);
        tiny.device = device;
        tiny.dataType = DataType.FLOAT;
        ComputationGraph graph = tiny.trainedGraph(6);
        MultiDataSet batch = tiny.batch(1, 6, 3, 4);
        EncoderLayer encoder = EncoderGraph.encoder(graph);
        RowSelection[][] selections = new RowSelection[tiny.rank][];
        INDArray[] alone = new INDArray[tiny.rank];
        for (int i = 0; i < tiny.rank; i++) {
            RowSelection rows = RowSelection.of(new Window(0, i + 1), 8.0 / (i + 1));
            selections[i] = new RowSelection[] {rows, rows};
            encoder.useRows(selections[i]);
            alone[i] = encoded(graph, batch);
        }

        encoder.useRows(selections);
        INDArray together = encoded(graph, batch);

        assertThat(together).isEqualTo(Nd4j.concat(0, alone));
        assertThat(alone[0]).isNotEqualTo(alone[1]);
    }

    /** With dropout, whose masks must be those of the first forward pass. */
    @ParameterizedTest
    @CsvSource({
        "nd4j, f32",
        "cpu, f32",
        "cpu, bf16",
        "emulated-cuda, f32",
        "emulated-cuda, bf16",
        "gpu-0, f32",
        "gpu-0, bf16"
    })
    void recomputedActivationsGiveTheSameBits(String device, String precision) {
        TinyEncoders tiny = new TinyEncoders(model);
        CudaDevice.provideFor(device);
        tiny.device = device;
        tiny.precision = precision;
        tiny.dataType = DataType.FLOAT;
        tiny.targets = EnumSet.allOf(Target.class);
        tiny.dropout = 0.2;
        MultiDataSet batch = tiny.batch(1, 6, 3);
        double[] kept = new EncoderProbe(tiny.trainedGraph(5), batch, 3).gradient();
        tiny.activations = "recomputed";

        double[] recomputed = new EncoderProbe(tiny.trainedGraph(5), batch, 3).gradient();

        assertThat(recomputed).isEqualTo(kept);
    }

    private static INDArray encoded(ComputationGraph graph, MultiDataSet batch) {
        graph.setLayerMaskArrays(batch.getFeaturesMaskArrays(), null);
        return graph.feedForward(batch.getFeatures(), false)
                .get(EncoderGraph.ENCODER)
                .dup();
    }

    private static RowSelection whole(double scale) {
        return RowSelection.of(new Window(0, 4), scale);
    }

    /** Examples do not see one another: padding to a longer neighbour changes nothing. */
    @Test
    void anExampleGivesTheSameOutputAloneAndInAPaddedBatch() {
        TinyEncoders tiny = new TinyEncoders(model);
        ComputationGraph graph = tiny.trainedGraph(2);
        MultiDataSet batch = tiny.batch(3, 3, 7);
        INDArray together = output(graph, batch);
        INDArray features = batch.getFeatures(0);
        INDArray first = features.get(NDArrayIndex.interval(0, 1), NDArrayIndex.all(), NDArrayIndex.interval(0, 3))
                .dup('c');

        INDArray alone = graph.output(false, first.reshape('c', 1, 2, 3))[0];

        assertThat(alone.getRow(0).sub(together.getRow(0)).amaxNumber().doubleValue())
                .isLessThan(1e-12);
    }

    private static INDArray output(ComputationGraph graph, MultiDataSet batch) {
        return graph.output(false, batch.getFeatures(), batch.getFeaturesMaskArrays())[0].dup();
    }
}
