package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Target;
import org.erat.compute.CudaDevice;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.model.MiniLm;
import org.erat.model.TinyBaseModel;
import org.erat.schedule.RankSchedule;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Logits and adapter gradients of the whole encoder against libtorch: all six projections carry adapters, windows are
 * random, texts are of unequal length.
 *
 * <p>Tolerances: single precision rounds to 6e-8, and six blocks of sums over a thousand terms were seen to bring 1e-6 in
 * a logit and 5e-6 in the gradient of a matrix relative to its norm. Ten times that is asked for.
 */
class TorchAgreementTest {
    private static final int CLASSES = 4;
    private static Path directory;

    @BeforeAll
    static void prepare() {
        directory = MiniLm.directory();
        // The native library comes from the class path and is unpacked under target; nothing is fetched.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty(
                "DJL_CACHE_DIR", Path.of("target", "djl").toAbsolutePath().toString());
        System.setProperty("ENGINE_CACHE_DIR", System.getProperty("DJL_CACHE_DIR"));
    }

    @ParameterizedTest
    @CsvSource({
        "nd4j, STEP, 3",
        "cpu, STEP, 3",
        "cpu, STEP, 8",
        "cpu, EXAMPLE, 5",
        "emulated-cuda, STEP, 3",
        "emulated-cuda, EXAMPLE, 5",
        "gpu-0, STEP, 3",
        "gpu-0, EXAMPLE, 5"
    })
    void realMiniLmIsThatOfLibtorch(String device, Granularity granularity, int step) {
        PaddedBatch batch = MiniLm.encode(
                directory,
                "A man is eating food.",
                "The girl is carrying a baby, and nobody in the whole street seems to mind it at all.",
                "Two men pushed carts through the woods.",
                "Rain.");
        check(encoders(directory, device, granularity), directory, batch, step);
    }

    /** Other positions, one token type, another epsilon. */
    @ParameterizedTest
    @ValueSource(strings = {"nd4j", "cpu", "emulated-cuda", "gpu-0"})
    void robertaIsThatOfLibtorch(String device, @TempDir Path folder) {
        TinyBaseModel.write(folder, TinyBaseModel.roberta(3));
        TinyEncoders encoders = encoders(folder, device, Granularity.STEP);
        // Classes 0, 1, 2 and 3 are what the loss below is about.
        PaddedBatch drawn = encoders.padded(3, 6, 2, 9, 4);
        PaddedBatch batch = new PaddedBatch(
                drawn.tokenIds(), drawn.typeIds(), drawn.lengths(), new float[] {0, 1, 2, 3}, drawn.ids());
        check(encoders, folder, batch, 4);
    }

    private static void check(TinyEncoders encoders, Path base, PaddedBatch batch, int step) {
        ComputationGraph graph = encoders.graph();
        EncoderGraph.startAt(graph, step, 0);
        AdapterLayout layout = encoders.spec().layout();
        float[] parameters = drawB(EncoderGraph.encoder(graph).params(), layout, new Random(step));
        Ours ours = ours(graph, BatchArrays.of(batch, CLASSES, false));
        RankSchedule schedule = encoders.spec().rankSchedule();
        try (BaseModelDirectory model = BaseModelDirectory.open(base);
                TorchEncoder torch = new TorchEncoder(model.tensors(), model.config(), layout, parameters)) {
            float[] logits =
                    torchLogits(torch, batch, (block, example) -> schedule.window(step, block, 0, example), graph);
            assertThat(ours.logits).hasSameSizeAs(logits);
            for (int i = 0; i < logits.length; i++) {
                assertThat(ours.logits[i]).isCloseTo(logits[i], within(1e-5f));
            }
            for (AdapterLayout.Slot slot : layout.slots()) {
                assertThat(distance(ours.gradient, slot.rowOfA(0), torch.gradientOfA(slot)))
                        .as("A of %s", slot.module())
                        .isLessThan(5e-5);
                assertThat(distance(ours.gradient, slot.rowOfB(0), torch.gradientOfB(slot)))
                        .as("B of %s", slot.module())
                        .isLessThan(5e-5);
            }
        }
    }

    /** Gives B values, so that A has a gradient; all adapters. */
    private static float[] drawB(INDArray adapters, AdapterLayout layout, Random random) {
        for (AdapterLayout.Slot slot : layout.slots()) {
            for (long i = slot.rowOfB(0); i < slot.offset() + slot.length(); i++) {
                adapters.putScalar(i, 0.03 * random.nextGaussian());
            }
        }
        return adapters.dup().data().asFloat();
    }

    private static TinyEncoders encoders(Path base, String device, Granularity granularity) {
        TinyEncoders encoders;
        try (BaseModelDirectory model = BaseModelDirectory.open(base)) {
            encoders = new TinyEncoders(base, model.config(), model.tensorsSha256());
        }
        CudaDevice.provideFor(device);
        encoders.device = device;
        encoders.dataType = DataType.FLOAT;
        encoders.targets = EnumSet.allOf(Target.class);
        encoders.rank = 8;
        encoders.alpha = 16;
        encoders.outputs = CLASSES;
        encoders.granularity = granularity;
        return encoders;
    }

    private record Ours(float[] logits, float[] gradient) {}

    /** Logits, and the gradient of the summed loss with respect to all adapters. */
    private static Ours ours(ComputationGraph graph, MultiDataSet batch) {
        graph.initGradientsView();
        graph.setInputs(batch.getFeatures());
        graph.setLabels(batch.getLabels());
        graph.setLayerMaskArrays(batch.getFeaturesMaskArrays(), null);
        INDArray dense = graph.feedForward(true).get("dense");
        INDArray logits = dense.mmul(graph.getParam("output_W")).addRowVector(graph.getParam("output_b"));
        graph.setInputs(batch.getFeatures());
        graph.setLayerMaskArrays(batch.getFeaturesMaskArrays(), null);
        graph.computeGradientAndScore();
        INDArray gradient = graph.getFlattenedGradients();
        long adapters = EncoderGraph.encoder(graph).params().length();
        return new Ours(
                logits.dup('c').data().asFloat(),
                gradient.reshape(gradient.length())
                        .get(NDArrayIndex.interval(0, adapters))
                        .dup()
                        .data()
                        .asFloat());
    }

    /** Also runs the backward pass of the summed cross-entropy of the classes 0, 1, 2, … */
    private static float[] torchLogits(
            TorchEncoder torch, PaddedBatch batch, TorchEncoder.Windows windows, ComputationGraph graph) {
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray dense = torch.pooled(batch, windows, 16)
                    .matMul(matrix(torch, graph, "dense_W"))
                    .add(matrix(torch, graph, "dense_b"))
                    .tanh();
            NDArray logits = dense.matMul(matrix(torch, graph, "output_W")).add(matrix(torch, graph, "output_b"));
            NDArray diagonal = torch.manager().eye(CLASSES);
            collector.backward(logits.logSoftmax(-1).mul(diagonal).sum().neg());
            return logits.toFloatArray();
        }
    }

    private static NDArray matrix(TorchEncoder torch, ComputationGraph graph, String name) {
        INDArray values = graph.getParam(name);
        return torch.manager().create(values.dup('c').data().asFloat(), new Shape(values.shape()));
    }

    /** ‖ours − theirs‖ / ‖theirs‖ of one matrix. */
    private static double distance(float[] ours, long from, float[] theirs) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < theirs.length; i++) {
            difference += Math.pow(ours[(int) from + i] - (double) theirs[i], 2);
            norm += Math.pow(theirs[i], 2);
        }
        assertThat(norm).as("libtorch's gradient").isPositive();
        return Math.sqrt(difference / norm);
    }
}
