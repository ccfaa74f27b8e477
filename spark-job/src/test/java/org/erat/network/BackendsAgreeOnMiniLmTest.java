package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.Target;
import org.erat.compute.CudaDevice;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.model.MiniLm;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * Output and adapter gradient of the whole real MiniLM, with dropout and windows, on one backend against the other.
 *
 * <p>Tolerances, of the norm of the difference relative to the norm: single precision was seen to bring 2e-6, and ten
 * times that is asked for; bfloat16 keeps 8 bits, so one product errs by 4e-3, and six blocks by a few of these.
 * TF32 keeps 11, an eighth of that; twice as much is allowed, for a device that cuts bits off in place of rounding them.
 */
class BackendsAgreeOnMiniLmTest {
    private static final int STEP = 6;
    private static Path directory;

    @BeforeAll
    static void prepare() {
        directory = MiniLm.directory();
    }

    @ParameterizedTest
    @CsvSource({
        "cpu, f32, 2e-5, 2e-5",
        "cpu, bf16, 0.02, 0.04",
        "emulated-cuda, f32, 2e-5, 2e-5",
        "emulated-cuda, tf32, 0.005, 0.01",
        "emulated-cuda, bf16, 0.02, 0.04",
        "gpu-0, f32, 2e-5, 2e-5",
        "gpu-0, tf32, 0.005, 0.01",
        "gpu-0, bf16, 0.02, 0.04"
    })
    void everyDeviceAgreesWithTheReference(
            String device, String precision, double outputTolerance, double gradientTolerance) {
        agrees(device, precision, "gelu", EnumSet.allOf(Target.class), outputTolerance, gradientTolerance);
    }

    /** With MiniLM's weights, and no adapter between a product and its activation, so that a device may do both at once. */
    @ParameterizedTest
    @CsvSource({
        "cpu, f32, 2e-5, 2e-5",
        "emulated-cuda, f32, 2e-5, 2e-5",
        "emulated-cuda, tf32, 0.005, 0.01",
        "emulated-cuda, bf16, 0.02, 0.04",
        "gpu-0, f32, 2e-5, 2e-5",
        "gpu-0, tf32, 0.005, 0.01",
        "gpu-0, bf16, 0.02, 0.04"
    })
    void modelsOfGeluByTanhAgreeToo(String device, String precision, double outputTolerance, double gradientTolerance) {
        agrees(
                device,
                precision,
                "gelu_new",
                EnumSet.of(Target.QUERY, Target.VALUE),
                outputTolerance,
                gradientTolerance);
    }

    private static void agrees(
            String device,
            String precision,
            String activation,
            Set<Target> targets,
            double outputTolerance,
            double gradientTolerance) {
        CudaDevice.provideFor(device);
        EncoderProbe reference = probe("nd4j", "f32", activation, targets);
        EncoderProbe tested = probe(device, precision, activation, targets);

        assertThat(distance(doubles(tested), doubles(reference))).isLessThan(outputTolerance);
        assertThat(distance(tested.gradient(), reference.gradient())).isLessThan(gradientTolerance);
    }

    private static double[] doubles(EncoderProbe probe) {
        return probe.output().castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }

    private static EncoderProbe probe(String device, String precision, String activation, Set<Target> targets) {
        PaddedBatch texts = MiniLm.encode(
                directory, "A man is riding a white horse on an enclosed ground.", "A monkey is playing drums.");
        TinyEncoders encoders;
        try (BaseModelDirectory model = BaseModelDirectory.open(directory)) {
            encoders = new TinyEncoders(directory, with(activation, model.config()), model.tensorsSha256());
        }
        encoders.device = device;
        encoders.precision = precision;
        encoders.dataType = DataType.FLOAT;
        encoders.targets = targets;
        encoders.dropout = 0.1;
        ComputationGraph graph = encoders.trainedGraph(1);
        EncoderGraph.encoder(graph).params().muli(0.1);
        MultiDataSet batch = BatchArrays.of(texts, 3, false);
        return new EncoderProbe(graph, batch, STEP);
    }

    private static ModelConfig with(String activation, ModelConfig model) {
        return new ModelConfig(
                model.modelType(),
                model.vocabSize(),
                model.hiddenSize(),
                model.numHiddenLayers(),
                model.numAttentionHeads(),
                model.intermediateSize(),
                model.maxPositionEmbeddings(),
                model.typeVocabSize(),
                model.layerNormEps(),
                activation,
                model.padTokenId());
    }

    private static double distance(double[] a, double[] b) {
        assertThat(a).hasSameSizeAs(b);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            difference += (a[i] - b[i]) * (a[i] - b[i]);
            norm += b[i] * b[i];
        }
        double distance = Math.sqrt(difference / norm);
        return distance;
    }
}
