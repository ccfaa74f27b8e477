package org.erat.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.config.Activations;
import org.erat.config.Precision;
import org.erat.data.SplitMix64;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.safetensors.TensorSource;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;

/** The tiny decoders of {@code reference_decoders.py}, whose weights follow from a formula in the names of the tensors. */
public final class ReferenceDecoders {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ReferenceDecoders() {}

    /** What the script wrote. */
    static JsonNode all() {
        return resource("reference-decoders.json");
    }

    /** A file beside this class. */
    static JsonNode resource(String name) {
        try (InputStream file = ReferenceDecoders.class.getResourceAsStream(name)) {
            return JSON.readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
    public static int[][] examples() throws IOException {
        return JSON.treeToValue(all().path("examples"), int[][].class);
    }

    /** Writes a model as the library saves it. */
    public static void write(Path directory, JsonNode model, Dtype dtype) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("config.json"), model.path("config").toString());
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        model.path("tensors").fields().forEachRemaining(tensor -> {
            String name = tensor.getKey();
            tensors.put(
                    name, new TensorSource(dtype, shape(tensor.getValue()), () -> weights(name, tensor.getValue())));
        });
        SafetensorsWriter.writeStreaming(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        writeTokenizer(directory);
    }

    static void writeTokenizer(Path directory) throws IOException {
        Files.writeString(
                directory.resolve("tokenizer.json"),
                """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "vocab": %s, "unk_token": "a"}}
                """
                        .formatted(letters()));
    }

    /** The tokens of all models here: a to w. */
    private static String letters() {
        return IntStream.range(0, 23)
                .mapToObj(id -> "\"%c\": %d".formatted('a' + id, id))
                .collect(Collectors.joining(", ", "{", "}"));
    }

    /** The dimensions that {@code tensors} gives. */
    public static long[] shape(JsonNode shape) {
        return StreamSupport.stream(shape.spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
    }

    private static FloatBuffer weights(String name, JsonNode shape) {
        String lower = name.toLowerCase(Locale.ROOT);
        boolean norm = name.endsWith(".weight") && (lower.contains("norm") || lower.contains("ln_"));
        double[] values = values(name, TestTensors.size(shape(shape)));
        FloatBuffer weights = FloatBuffer.allocate(values.length);
        for (double value : values) {
            weights.put((float) (value + (norm ? 1 : 0)));
        }
        return weights.flip();
    }

    /** As the script has them, in [-1/2, 1/2). */
    static double[] values(String name, int count) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = (SplitMix64.mix((crc.getValue() << 32) + i) >>> 40) * 0x1p-24 - 0.5;
        }
        return values;
    }

    /**
     * The logits [T,V] of an example, in double precision.
     *
     * @param prepared base-model directory
     * @param adapters laid out as {@code layout} says
     * @param rows of them that count
     */
    public static double[] logits(
            Path prepared, AdapterLayout layout, double[] adapters, RowSelection rows, int... ids) {
        Backend backend = new Nd4jBackend(Precision.F64);
        Batch batch = new Batch(
                ids, new int[ids.length], new int[] {ids.length}, new long[1], new Targets.Classes(new int[1]));
        try (BaseModelDirectory model = BaseModelDirectory.open(prepared);
                Kernels kernels = backend.open(1);
                TransformerWeights weights =
                        TransformerWeights.of(model.architecture(), model.family(), model.tensors(), backend);
                Tensor values = kernels.memory().uploadSingle(DoubleBuffer.wrap(adapters), 1, layout.length())) {
            Adapters placed = Adapters.of(layout, values, RowsBySlot.everywhere(rows));
            try (Transformer.Pass pass = new Transformer(kernels, weights, Activations.KEPT).forward(batch, placed)) {
                double[] hidden = TestTensors.doubles(kernels, pass.hidden());
                FloatBuffer matrix = model.tensors().floats(ModelTensors.outputMatrix(model.architecture()));
                return product(hidden, matrix, model.architecture().width());
            }
        }
    }

    /** hidden·Wᵀ. */
    private static double[] product(double[] hidden, FloatBuffer matrix, int width) {
        int vocabulary = matrix.remaining() / width;
        double[] logits = new double[hidden.length / width * vocabulary];
        for (int i = 0; i < logits.length; i++) {
            for (int h = 0; h < width; h++) {
                logits[i] += hidden[i / vocabulary * width + h] * matrix.get(i % vocabulary * width + h);
            }
        }
        return logits;
    }
}
