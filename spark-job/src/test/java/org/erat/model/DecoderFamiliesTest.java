package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.Precision;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;
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
            ReferenceRun.check(
                    new ReferenceRun(model, new Nd4jBackend(Precision.F64), examples, scale), expected, DOUBLE);
            ReferenceRun.check(
                    new ReferenceRun(model, new OneDnnBackend(Precision.F32), examples, scale), expected, SINGLE);
        }
    }

    private Path prepare(Path source) {
        Path prepared = directory.resolve(source.getFileName() + ".prepared");
        BaseModelImporter.importModel(source.toString(), prepared, line -> {});
        return prepared;
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
                    ReferenceRun run = new ReferenceRun(model, new OneDnnBackend(Precision.F32), new int[][] {ids}, 0);
                    double[][] hidden = run.result().hidden(0);
                    for (int t = 0; t < hidden.length; t++) {
                        String what = folder.getFileName() + ", token";
                        ReferenceRun.assertClose(
                                run.logits(hidden[t]), each.path("logits").path(t), what, SINGLE);
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
            ReferenceRun run = new ReferenceRun(model, new OneDnnBackend(Precision.F32), new int[][] {ids}, 0);
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
