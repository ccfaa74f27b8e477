package org.erat.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.Precision;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.BaseModelImporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Encoders from a Hugging Face directory to hidden states and gradients of adapters, against those of the transformers
 * library and autograd, which {@code reference_encoders.py} wrote. Examples of different lengths are one padded batch here
 * and were computed one by one there.
 *
 * <p>Tolerances are those of {@link DecoderFamiliesTest}.
 */
class EncoderFamiliesTest {
    private static final double DOUBLE = 1e-5;
    private static final double SINGLE = 1e-4;

    @TempDir
    private Path directory;

    static Stream<String> names() {
        return ReferenceEncoders.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void hiddenStatesAndGradientsAreThoseOfTheTransformersLibrary(String name) throws IOException {
        Path source = directory.resolve("source");
        ReferenceEncoders.write(source, name);
        Path prepared = directory.resolve("prepared");
        BaseModelImporter.importModel(source.toString(), prepared, line -> {});
        JsonNode expected = ReferenceEncoders.named(name);
        int[][] examples = ReferenceEncoders.examples();
        int[][] types = ReferenceEncoders.types();
        double scale = ReferenceEncoders.scale();
        try (BaseModelDirectory model = BaseModelDirectory.open(prepared)) {
            ReferenceRun.check(
                    new ReferenceRun(model, new Nd4jBackend(Precision.F64), examples, types, scale), expected, DOUBLE);
            ReferenceRun.check(
                    new ReferenceRun(model, new OneDnnBackend(Precision.F32), examples, types, scale),
                    expected,
                    SINGLE);
        }
    }
}
