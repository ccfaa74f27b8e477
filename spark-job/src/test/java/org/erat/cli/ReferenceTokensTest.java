package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.config.Activations;
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.model.BaseModel;
import org.erat.model.ModelRuntime;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Models of every family with tokenizers as they are on the hub, prepared by the job: token ids, token types and hidden
 * states are those of the transformers library for the same directory. {@code src/test/python/reference_tokens.py} made the
 * expected values; its versions stand beside them.
 */
class ReferenceTokensTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode reference;
    private static SparkSession session;

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream in = ReferenceTokensTest.class.getResourceAsStream("reference-tokens.json")) {
            reference = JSON.readTree(in);
        }
        session = TestSpark.open("local[2]");
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    static Stream<String> cases() throws IOException {
        if (reference == null) {
            read();
        }
        return stream(reference.path("cases")).map(each -> each.path("name").asText());
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tokensAndHiddenStatesAreThoseOfTheTransformersLibrary(String name) throws IOException {
        JsonNode model = stream(reference.path("cases"))
                .filter(each -> each.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
        Path source = write(model);
        Path prepared = folder.resolve("prepared");
        assertThat(TinyCommands.run(TinyCommands.words("prepare-model --from", source, "--out", prepared)))
                .extracting(TinyCommands.Ended::code)
                .isEqualTo(0);
        BaseModel described = BaseModel.describe(prepared.toString(), new Configuration());
        check(described, model, false);
        check(described, model, true);
    }

    private Path write(JsonNode model) throws IOException {
        Path source = Files.createDirectory(folder.resolve("source"));
        for (String file : List.of("config", "tokenizer", "tokenizer_config")) {
            Files.write(source.resolve(file + ".json"), JSON.writeValueAsBytes(model.path(file)));
        }
        Architecture architecture = Families.architecture(ConfigJson.read(source.resolve(BaseModelDirectory.CONFIG)));
        Map<String, FloatTensor> tensors = new TreeMap<>();
        Map<String, long[]> shapes = new LinkedHashMap<>(ModelTensors.required(architecture));
        shapes.forEach((tensor, shape) -> tensors.put(tensor, new FloatTensor(shape, values(tensor, shape))));
        SafetensorsWriter.write(source.resolve(BaseModelDirectory.TENSORS), tensors, Map.of("format", "pt"));
        return source;
    }

    /** As the script has them. */
    private static FloatBuffer values(String name, long... shape) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        double start = crc.getValue() % 1000;
        boolean norm = name.toLowerCase(java.util.Locale.ROOT).contains("norm") && name.endsWith("weight");
        FloatBuffer values = FloatBuffer.allocate((int) (shape.length == 2 ? shape[0] * shape[1] : shape[0]));
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, (float) (0.5 * Math.sin(start + 1.7 * i) + (norm ? 1 : 0)));
        }
        return values;
    }

    private void check(BaseModel model, JsonNode expected, boolean pairs) throws IOException {
        List<JsonNode> examples = stream(expected.path("examples"))
                .filter(each -> each.path("pair").isNull() != pairs)
                .toList();
        PackedExamples tokens = tokenize(model, examples, pairs);
        for (int i = 0; i < examples.size(); i++) {
            JsonNode example = examples.get(i);
            String text = example.path("text") + " and " + example.path("pair");
            List<Integer> ids = new ArrayList<>();
            List<Integer> types = new ArrayList<>();
            for (int t = 0; t < tokens.length(i); t++) {
                ids.add(tokens.token(i, t));
                types.add(tokens.type(i, t));
            }
            assertThat(ids).as(text).isEqualTo(ints(example.path("input_ids")));
            if (model.architecture().tokenTypes() > 0) {
                List<Integer> given = ints(example.path("token_type_ids"));
                assertThat(types)
                        .as(text)
                        .isEqualTo(given.isEmpty() ? ids.stream().map(id -> 0).toList() : given);
            }
            // Doubles on both sides; the values are written with nine decimals.
            assertThat(mean(model, tokens, i)).as(text).containsExactly(doubles(example.path("mean")), within(1e-7));
        }
    }

    private PackedExamples tokenize(BaseModel model, List<JsonNode> examples, boolean pairs) throws IOException {
        Path text = Files.createDirectory(folder.resolve(pairs ? "pairs" : "texts"));
        List<String> lines = new ArrayList<>();
        for (JsonNode example : examples) {
            lines.add(JSON.writeValueAsString(JSON.createObjectNode()
                    .put("text", example.path("text").asText())
                    .put("pair", example.path("pair").asText())
                    .put("label", lines.size() % 2 == 0 ? "a" : "b")));
        }
        Files.write(text.resolve("train.jsonl"), lines);
        Files.write(text.resolve("dev.jsonl"), lines);
        String out = folder.resolve(pairs ? "pair-data" : "data").toString();
        Tokenization.prepare(
                session,
                new TokenizationRequest(
                        TextTask.custom(
                                TextFormat.JSONL,
                                true,
                                "text",
                                pairs ? "pair" : null,
                                "label",
                                TaskType.CLASSIFICATION),
                        text.toString(),
                        model.uri(),
                        model.architecture().vocabulary(),
                        Math.min(reference.path("max_length").asInt(), model.maxLength()),
                        out,
                        0.1,
                        1,
                        Optional.empty()),
                line -> {});
        return TokenizedDataset.open(session, out).shards(Split.TRAIN, 1).first();
    }

    /** Mean of the last hidden states of an example without adapters, [H]. */
    private static double[] mean(BaseModel model, PackedExamples tokens, int example) {
        AdapterLayout layout = new AdapterLayout(model.architecture(), 1, List.of(Projection.QUERY));
        RowsBySlot rows = RowsBySlot.everywhere(RowSelection.of(new Window(0, 1), 1));
        Batch batch = Batch.of(tokens, new int[] {example}, model.architecture().padTokenId());
        int width = model.architecture().width();
        double[] mean = new double[width];
        ComputeSettings compute = new ComputeSettings(
                DeviceChoice.CPU, 1, Precision.F64, ComputeSettings.Weights.PLAIN, Activations.KEPT);
        try (ModelRuntime runtime =
                ModelRuntime.acquire(model.uri(), model.weightsSha256(), model.architecture(), compute)) {
            Kernels kernels = runtime.kernels();
            try (Tensor zeros =
                    kernels.memory().upload(DoubleBuffer.wrap(new double[(int) layout.length()]), 1, layout.length())) {
                runtime.transformer().infer(batch, List.of(Adapters.of(layout, zeros, rows)), (selection, hidden) -> {
                    double[] states = TestTensors.doubles(kernels, hidden);
                    for (int i = 0; i < states.length; i++) {
                        mean[i % width] += states[i] / batch.tokens();
                    }
                });
            }
        }
        return mean;
    }

    private static List<Integer> ints(JsonNode list) {
        return stream(list).map(JsonNode::asInt).toList();
    }

    private static double[] doubles(JsonNode list) {
        return stream(list).mapToDouble(JsonNode::asDouble).toArray();
    }
}
