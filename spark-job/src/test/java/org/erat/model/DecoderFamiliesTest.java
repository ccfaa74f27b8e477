package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.Activations;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Decoders from a Hugging Face directory to hidden states, logits and gradients of adapters, against those of the
 * transformers library, which {@code reference_decoders.py} wrote. Weights follow from the formula of that script.
 *
 * <p>Tolerance: the library rotates and normalizes in single precision, whose errors of 6e-8 grow through two blocks with
 * values up to 10. 1e-5 is allowed in double precision and 1e-4 in single precision, of an element or of 1 where that is
 * more.
 */
class DecoderFamiliesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double DOUBLE = 1e-5;
    private static final double SINGLE = 1e-4;

    @TempDir
    private Path directory;

    static Stream<String> names() {
        return ReferenceDecoders.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void hiddenStatesLogitsAndGradientsAreThoseOfTheTransformersLibrary(String name) throws IOException {
        JsonNode reference = ReferenceDecoders.all();
        JsonNode expected = ReferenceDecoders.named(name);
        Path source = directory.resolve("source");
        ReferenceDecoders.write(source, expected, Dtype.F32);
        Path prepared = prepare(source);
        int[][] examples = ReferenceDecoders.examples();
        double scale = reference.path("scale").doubleValue();
        try (BaseModelDirectory model = BaseModelDirectory.open(prepared)) {
            check(new Run(model, new Nd4jBackend(Precision.F64), examples, scale), expected, DOUBLE);
            check(new Run(model, new OneDnnBackend(Precision.F32), examples, scale), expected, SINGLE);
        }
    }

    private static void check(Run run, JsonNode expected, double tolerance) throws IOException {
        Result result = run.result();
        for (int b = 0; b < run.examples.length; b++) {
            double[][] hidden = result.hidden(b);
            assertClose(flat(hidden), expected.path("hidden").path(b), "hidden states", tolerance);
            double[] logits = run.logits(hidden[hidden.length - 1]);
            assertClose(logits, expected.path("logits").path(b), "logits", tolerance);
        }
        for (AdapterLayout.Slot slot : run.layout.slots()) {
            String key = slot.block() + "." + slot.projection().key();
            JsonNode gradient = expected.path("gradients").path(key);
            assertClose(result.gradient(slot.rowOfA(0), slot.in()), gradient.path("a"), key + ".a", tolerance);
            assertClose(result.gradient(slot.rowOfB(0), slot.out()), gradient.path("b"), key + ".b", tolerance);
        }
    }

    private static void assertClose(double[] actual, JsonNode expected, String what, double tolerance)
            throws IOException {
        double[] values = JSON.treeToValue(expected, double[].class);
        assertThat(actual).as(what).hasSameSizeAs(values);
        for (int i = 0; i < values.length; i++) {
            assertThat(actual[i])
                    .as("%s %d", what, i)
                    .isCloseTo(values[i], within(tolerance * Math.max(1, Math.abs(values[i]))));
        }
    }

    private static double[] flat(double[]... rows) {
        return Stream.of(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private Path prepare(Path source) {
        Path prepared = directory.resolve(source.getFileName() + ".prepared");
        BaseModelImporter.importModel(source.toString(), prepared, line -> {});
        return prepared;
    }

    /** What a run gives, by rows of the batch. */
    private record Result(int width, int tokens, int[] lengths, double[] states, double[] gradients) {
        /** [length, H] of an example. */
        double[][] hidden(int example) {
            double[][] rows = new double[lengths[example]][width];
            for (int t = 0; t < rows.length; t++) {
                System.arraycopy(states, (example * tokens + t) * width, rows[t], 0, width);
            }
            return rows;
        }

        double[] gradient(long from, int length) {
            return Arrays.copyOfRange(gradients, (int) from, (int) from + length);
        }
    }

    /** One pass over padded examples with adapters of rank 1 on all projections. */
    private static final class Run {
        private final BaseModelDirectory model;
        private final Architecture architecture;
        private final Backend backend;
        private final int[][] examples;
        private final double scale;
        private final AdapterLayout layout;

        Run(BaseModelDirectory model, Backend backend, int[][] examples, double scale) {
            this.model = model;
            this.architecture = model.architecture();
            this.backend = backend;
            this.examples = examples;
            this.scale = scale;
            this.layout = new AdapterLayout(architecture, 1, architecture.projections());
        }

        private Batch batch() {
            int tokens = Stream.of(examples).mapToInt(ids -> ids.length).max().orElseThrow();
            int[] ids = new int[examples.length * tokens];
            Arrays.fill(ids, architecture.padTokenId());
            int[] lengths = new int[examples.length];
            for (int b = 0; b < examples.length; b++) {
                lengths[b] = examples[b].length;
                System.arraycopy(examples[b], 0, ids, b * tokens, lengths[b]);
            }
            return new Batch(
                    ids,
                    new int[ids.length],
                    lengths,
                    new long[lengths.length],
                    new Targets.Classes(new int[lengths.length]));
        }

        private double[] adapters() {
            double[] all = new double[(int) layout.length()];
            for (AdapterLayout.Slot slot : layout.slots()) {
                String key = slot.block() + "." + slot.projection().key();
                System.arraycopy(
                        ReferenceDecoders.values(key + ".a", slot.in()), 0, all, (int) slot.rowOfA(0), slot.in());
                System.arraycopy(
                        ReferenceDecoders.values(key + ".b", slot.out()), 0, all, (int) slot.rowOfB(0), slot.out());
            }
            return all;
        }

        Result result() {
            Batch batch = batch();
            int width = architecture.width();
            double[] objective = new double[batch.tokenIds().length * width];
            for (int b = 0; b < examples.length; b++) {
                double[] ofExample = ReferenceDecoders.values("objective." + b, examples[b].length * width);
                System.arraycopy(ofExample, 0, objective, b * batch.tokens() * width, ofExample.length);
            }
            RowsBySlot rows = RowsBySlot.everywhere(RowSelection.of(new Window(0, 1), scale));
            try (Kernels kernels = backend.open(1);
                    TransformerWeights weights =
                            TransformerWeights.of(architecture, model.family(), model.tensors(), backend);
                    Tensor values = kernels.memory().uploadSingle(DoubleBuffer.wrap(adapters()), 1, layout.length());
                    Tensor gradient = kernels.memory().allocateSingle(layout.length())) {
                Transformer transformer = new Transformer(kernels, weights, Activations.KEPT);
                kernels.pointwise().fill(gradient, 0);
                try (Transformer.Pass pass = transformer.forward(batch, Adapters.of(layout, values, rows))) {
                    double[] states = TestTensors.doubles(kernels, pass.hidden());
                    Tensor dHidden = kernels.memory()
                            .upload(DoubleBuffer.wrap(objective), pass.hidden().shape());
                    transformer.backward(pass, dHidden, new Gradients(gradient, false));
                    double[] gradients = TestTensors.doubles(kernels, gradient);
                    return new Result(width, batch.tokens(), batch.lengths(), states, gradients);
                }
            }
        }

        /** Those of the output layer, tied or not. */
        double[] logits(double[] hidden) {
            try (Kernels kernels = backend.open(1);
                    TransformerWeights weights =
                            TransformerWeights.of(architecture, model.family(), model.tensors(), backend);
                    OutputWeights output = OutputWeights.of(weights, model.family(), model.tensors(), backend);
                    Tensor states = kernels.memory().uploadSingle(DoubleBuffer.wrap(hidden), 1, hidden.length)) {
                OutputLayer layer = new OutputLayer(kernels, output, architecture);
                try (OutputLayer.Pass pass = layer.forward(states);
                        Tensor logits = layer.logits(pass)) {
                    return TestTensors.doubles(kernels, logits);
                }
            }
        }
    }

    // ---- real models

    /** Trained and random models with the logits of other implementations, in {@code DIR/models}: {@code -Derat.generation=DIR}. */
    @Test
    void logitsOfModelsInAFolderAreThoseBesideThem() throws IOException {
        for (Path folder : modelsWithLogits()) {
            Path source = directory.resolve(folder.getFileName() + ".source");
            Files.createDirectory(source);
            for (String file : List.of("config.json", "model.safetensors")) {
                Files.copy(folder.resolve(file), source.resolve(file));
            }
            ReferenceDecoders.writeTokenizer(source);
            try (BaseModelDirectory model = BaseModelDirectory.open(prepare(source))) {
                for (JsonNode each :
                        JSON.readTree(folder.resolve("expected.json").toFile()).path("cases")) {
                    int[] ids = JSON.treeToValue(each.path("input_ids"), int[].class);
                    Run run = new Run(model, new OneDnnBackend(Precision.F32), new int[][] {ids}, 0);
                    double[][] hidden = run.result().hidden(0);
                    for (int t = 0; t < hidden.length; t++) {
                        String what = folder.getFileName() + ", token";
                        assertClose(run.logits(hidden[t]), each.path("logits").path(t), what, SINGLE);
                    }
                }
            }
        }
    }

    private static List<Path> modelsWithLogits() throws IOException {
        String folder = System.getProperty("erat.generation");
        assumeTrue(folder != null, "no -Derat.generation=DIR");
        try (Stream<Path> models = Files.list(Path.of(folder, "models"))) {
            return models.filter(model -> Files.exists(model.resolve("expected.json")))
                    .sorted()
                    .toList();
        }
    }

    /** The most likely next tokens of a trained model, which the transformers library finds for the same ids. */
    @Test
    void aTrainedModelTellsItsStory() throws IOException {
        String folder = System.getProperty("erat.generation");
        assumeTrue(folder != null, "no -Derat.generation=DIR");
        Path prepared = directory.resolve("prepared");
        BaseModelImporter.importModel(
                Path.of(folder, "models", "tinystories-656k").toString(), prepared, line -> {});
        // "Once upon a time, a little girl named Lily lived in a small house with her mom, dad, and her dog, Spot, ..."
        int[] ids = {
            1, 80, 147, 201, 282, 57, 313, 598, 303, 1049, 1468, 267, 628, 333, 94, 1210, 263, 251, 604, 94, 1030, 94,
            1030, 94, 436, 220, 1053, 615, 303, 328
        };
        try (BaseModelDirectory model = BaseModelDirectory.open(prepared)) {
            Run run = new Run(model, new OneDnnBackend(Precision.F32), new int[][] {ids}, 0);
            double[][] hidden = run.result().hidden(0);
            for (int t = 6; t < ids.length; t++) {
                double[] logits = run.logits(hidden[t - 1]);
                int best = IntStream.range(0, logits.length)
                        .reduce((one, other) -> logits[other] > logits[one] ? other : one)
                        .orElseThrow();
                assertThat(best).as("token %d", t).isEqualTo(ids[t]);
            }
        }
    }
}
