package org.erat.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.erat.data.safetensors.Dtype;

/** The tiny encoders of {@code reference_encoders.py}, whose weights follow from the formula of {@link ReferenceDecoders}. */
public final class ReferenceEncoders {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ReferenceEncoders() {}

    private static JsonNode all() {
        return ReferenceDecoders.resource("reference-encoders.json");
    }

    private static Stream<JsonNode> models() {
        return StreamSupport.stream(all().path("models").spliterator(), false);
    }

    /** Names of the models. */
    public static Stream<String> names() {
        return models().map(model -> model.path("name").asText());
    }

    /** The model of a name: {@code config}, shapes of {@code tensors}, and what the library computes. */
    public static JsonNode named(String name) {
        return models().filter(model -> model.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Token ids of the examples. */
    static int[][] examples() throws IOException {
        return JSON.treeToValue(all().path("examples"), int[][].class);
    }

    /** Token types of the examples, which models without types ignore. */
    static int[][] types() throws IOException {
        return JSON.treeToValue(all().path("types"), int[][].class);
    }

    /** Scale of the adapters. */
    static double scale() {
        return all().path("scale").doubleValue();
    }

    /** Writes a model as the library saves it. */
    public static void write(Path directory, String name) throws IOException {
        ReferenceDecoders.write(directory, named(name), Dtype.F32);
    }
}
