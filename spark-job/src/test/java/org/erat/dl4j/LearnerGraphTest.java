package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Window;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** What Deeplearning4j may expect of a graph holds for this one. */
class LearnerGraphTest {
    @TempDir
    private static Path folder;

    private static TinyBaseModel model;

    @BeforeAll
    static void writeModel() {
        model = TinyBaseModel.write(folder, TinyBaseModel.bert(2));
    }

    /** The dense layer of BERT's head is the pooler; the rest starts as it does without one. */
    @Test
    void aHeadStartsFromThePoolerOfTheCheckpoint(@TempDir Path other) {
        TinyLearners without = new TinyLearners(TinyBaseModel.write(other.resolve("without"), TinyBaseModel.bert(2)));
        TinyLearners with = new TinyLearners(TinyBaseModel.writePooled(other.resolve("with"), TinyBaseModel.bert(2)));
        without.pooling = Pooling.FAMILY;
        with.pooling = Pooling.FAMILY;
        double[] expected = LearnerGraph.head(without.graph()).params().toDoubleVector();
        double[] drawn = expected.clone();
        try (BaseModelDirectory model = BaseModelDirectory.open(other.resolve("with"))) {
            FloatBuffer weight = model.tensors().requireFloats("pooler.dense.weight", 8, 8);
            FloatBuffer bias = model.tensors().requireFloats("pooler.dense.bias", 8);
            for (int i = 0; i < 72; i++) {
                expected[i] = i < 64 ? weight.get(i) : bias.get(i - 64);
            }
        }
        assertThat(LearnerGraph.head(with.graph()).params().toDoubleVector())
                .containsExactly(expected)
                .isNotEqualTo(drawn);
    }

    /** R·(in + out) for each adapter, a dense layer of H and an output layer of C: 8·2 + …, counted by hand. */
    @Test
    void parametersAreTheAdaptersAndTheHeadAndNothingElse() {
        TinyLearners tiny = new TinyLearners(model);
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.rank = 4;
        tiny.outputs = 3;

        ComputationGraph graph = tiny.graph();

        int square = 4 * (8 + 8);
        int feedForward = 4 * (8 + 16);
        int head = (8 * 8 + 8) + (8 * 3 + 3);
        assertThat(graph.params().length()).isEqualTo(2 * (4 * square + 2 * feedForward) + head);
        assertThat(graph.numParams()).isEqualTo(graph.params().length());
        assertThat(graph.paramTable()).hasSize(2 * 6 * 2 + 4);
        assertThat(tiny.spec().layout().parameters()).isEqualTo((int) graph.numParams());
    }

    /** B is zero and A uniform in ±1/√in, so that a fresh adapter changes nothing and its first gradient is that of B. */
    @Test
    void freshAdaptersLeaveTheBaseModelAsItIs() {
        TinyLearners tiny = new TinyLearners(model);
        tiny.projections = TinyBaseModel.PROJECTIONS;
        ComputationGraph graph = tiny.graph();
        TransformerLayer transformer = LearnerGraph.transformer(graph);
        for (Map.Entry<String, INDArray> entry : transformer.paramTable().entrySet()) {
            INDArray values = entry.getValue();
            if (entry.getKey().endsWith(".B")) {
                assertThat(values.amaxNumber().doubleValue()).isZero();
            } else {
                double bound = 1 / Math.sqrt((double) values.columns());
                assertThat(values.amaxNumber().doubleValue()).isBetween(0.8 * bound, bound);
                assertThat(values.meanNumber().doubleValue()).isCloseTo(0, within(0.5 * bound));
            }
        }
        MultiDataSet batch = tiny.data(1, 4, 6);
        double[] fresh = output(graph, batch);
        for (Map.Entry<String, INDArray> entry : transformer.paramTable().entrySet()) {
            if (entry.getKey().endsWith(".A")) {
                entry.getValue().muli(-3);
            }
        }
        assertThat(output(graph, batch)).containsExactly(fresh);
    }

    @ParameterizedTest
    @EnumSource
    void configurationSurvivesJson(Optimizer optimizer) {
        TinyLearners tiny = new TinyLearners(model).on(DeviceChoice.CPU, Precision.F32);
        tiny.optimizer = optimizer;
        tiny.weightDecay = 0.01;
        tiny.warmupShare = 0.1;
        ComputationGraphConfiguration configuration = LearnerGraph.configuration(tiny.spec());

        ComputationGraphConfiguration read = ComputationGraphConfiguration.fromJson(configuration.toJson());

        assertThat(read).isEqualTo(configuration);
        assertThat(read.toJson()).isEqualTo(configuration.toJson());
        ComputationGraph graph = new ComputationGraph(read);
        graph.init();
        ComputationGraph original = tiny.graph();
        assertSameBits(graph.params(), original.params());
        MultiDataSet batch = tiny.data(1, 4, 6);
        graph.fit(batch);
        original.fit(batch);
        assertSameBits(graph.params(), original.params());
    }

    @ParameterizedTest
    @EnumSource
    void aGraphThatWasSavedGoesOnBitForBit(Optimizer optimizer) throws IOException {
        TinyLearners tiny = new TinyLearners(model).on(DeviceChoice.CPU, Precision.F32);
        tiny.optimizer = optimizer;
        tiny.dropout = 0.2;
        ComputationGraph graph = tiny.graph();
        for (int step = 0; step < 4; step++) {
            graph.fit(tiny.data(step, 5, 3, 4));
        }

        ByteArrayOutputStream saved = new ByteArrayOutputStream();
        ModelSerializer.writeModel(graph, saved, true);
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(saved.toByteArray()), true);

        MultiDataSet next = tiny.data(9, 2, 6, 4);
        assertSameBits(restored.params(), graph.params());
        assertThat(output(restored, next)).containsExactly(output(graph, next));
        graph.fit(next);
        restored.fit(next);
        assertSameBits(restored.params(), graph.params());
        if (optimizer != Optimizer.SGD) {
            assertSameBits(
                    restored.getUpdater().getStateViewArray(),
                    graph.getUpdater().getStateViewArray());
        }
    }

    /** The tasks of an executor may be handed one configuration object. */
    @Test
    void graphsOfOneConfigurationTrainIndependently() {
        TinyLearners tiny = new TinyLearners(model).on(DeviceChoice.CPU, Precision.F32);
        ComputationGraphConfiguration shared = LearnerGraph.configuration(tiny.spec());
        ComputationGraph first = new ComputationGraph(shared);
        first.init();
        ComputationGraph second = new ComputationGraph(shared);
        second.init();
        LearnerGraph.setShard(second, 7);
        ComputationGraph alone = tiny.graph();
        for (int step = 0; step < 3; step++) {
            MultiDataSet batch = tiny.data(step, 5, 3);
            LearnerGraph.startAt(first, step, 0);
            first.fit(batch);
            LearnerGraph.startAt(second, step, 0);
            second.fit(batch);
            alone.fit(batch);
        }
        assertSameBits(first.params(), alone.params());
        assertThat(second.params()).isNotEqualTo(alone.params());
    }

    /** A graph that served another round before draws the windows of the step that it is told. */
    @Test
    void aUsedGraphStartsAtTheStepThatItIsTold() {
        TinyLearners tiny = new TinyLearners(model).on(DeviceChoice.CPU, Precision.F32);
        ComputationGraph used = tiny.graph();
        used.fit(tiny.data(1, 4));
        ComputationGraph fresh = tiny.graph();
        used.setParams(fresh.params().dup());
        used.getUpdater().getStateViewArray().assign(0);
        LearnerGraph.transformer(used).adapted().activity().take().weights();
        for (ComputationGraph graph : List.of(used, fresh)) {
            LearnerGraph.startAt(graph, 11, 1);
            graph.fit(tiny.data(2, 5, 3));
        }
        assertSameBits(used.params(), fresh.params());
        int[][] rowWeights =
                LearnerGraph.transformer(used).adapted().activity().take().weights();
        AdapterLayout layout = tiny.spec().adapterLayout();
        assertThat(rowWeights).hasNumberOfRows(layout.slots().size());
        for (AdapterLayout.Slot slot : layout.slots()) {
            Window window = tiny.rankSchedule().window(11, slot.block(), 0);
            for (int row = 0; row < tiny.rank; row++) {
                assertThat(rowWeights[slot.index()][row])
                        .isEqualTo(window.start() <= row && row < window.end() ? 1 : 0);
            }
        }
    }

    /**
     * Deeplearning4j's own check, through loss and head: its usual settings (h = 1e-6, relative error 1e-5, absolute error
     * 1e-8 below which a relative one says nothing). The head of a language model has no parameters to check.
     */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LANGUAGE_MODELING")
    void passesTheGradientCheckOfDeeplearning4j(TaskType task) {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder.resolve("one"), TinyBaseModel.bert(1)));
        tiny.task = task;
        tiny.outputs = task == TaskType.REGRESSION ? 1 : 3;
        tiny.projections = EnumSet.of(Projection.KEY, Projection.OUTPUT);
        tiny.rank = 2;
        tiny.granularity = Granularity.EXAMPLE;
        ComputationGraphConfiguration configuration = LearnerGraph.configuration(tiny.spec());
        for (GraphVertex vertex : configuration.getVertices().values()) {
            // The check compares raw gradients.
            ((BaseLayer) ((LayerVertex) vertex).getLayerConf().getLayer()).setIUpdater(new NoOp());
        }
        ComputationGraph graph = new ComputationGraph(configuration);
        graph.init();
        graph.setParams(tiny.trainedGraph(3).params());
        MultiDataSet batch = tiny.data(4, 4, 2, 3);

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
                            .labels(batch.getLabels())))
                    .isTrue();
        } finally {
            Nd4j.setDefaultDataTypes(usual, usual);
        }
    }

    /** Examples do not see one another: padding to a longer neighbour changes nothing. */
    @Test
    void anExampleGivesTheSameOutputAloneAndInAPaddedBatch() {
        TinyLearners tiny = new TinyLearners(model);
        ComputationGraph graph = tiny.trainedGraph(2);
        Batch both = tiny.batch(3, 3, 7);
        double[] together = output(graph, BatchArrays.of(both));
        Batch first = new Batch(
                Arrays.copyOf(both.tokenIds(), 3),
                Arrays.copyOf(both.typeIds(), 3),
                new int[] {3},
                new long[1],
                new Targets.Classes(new int[1]));

        double[] alone = output(graph, BatchArrays.of(first));

        assertThat(alone).containsExactly(Arrays.copyOf(together, 3), within(1e-12));
    }

    /** ND4J calls arrays equal that differ by less than 1e-5. */
    private static void assertSameBits(INDArray actual, INDArray expected) {
        assertThat(actual.toDoubleVector()).containsExactly(expected.toDoubleVector());
    }

    /** Row by row. */
    private static double[] output(ComputationGraph graph, MultiDataSet batch) {
        return graph.output(false, batch.getFeatures(), null)[0].dup('c').data().asDouble();
    }
}
