package org.erat.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.RowMoments;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.Precision;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.TinyLearners;
import org.erat.model.ReferenceDecoders;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

class AdapterFilesTest {
    @TempDir
    private Path folder;

    private final Configuration hadoop = new Configuration();
    private TinyLearners tiny;

    @BeforeEach
    void model() {
        tiny = new TinyLearners(TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(2)));
    }

    @ParameterizedTest
    @EnumSource
    void anAdapterIsReadAsItWasWritten(TaskType task) {
        tiny.task = task;
        tiny.outputs = task == TaskType.REGRESSION ? 1 : 3;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy", "macro-f1");
        AdapterFiles.write(adapter, TokenizerFiles.NONE, at("adapter"), hadoop);

        TrainedAdapter read = AdapterFiles.read(at("adapter"), hadoop);

        assertThat(read).usingRecursiveComparison().isEqualTo(adapter);
    }

    /** o = tanh(s·W₁ᵀ + b₁)·W₂ᵀ + b₂, or o = s·Wᵀ + b, of the states s that the graph gives its head. */
    @ParameterizedTest
    @CsvSource({"MEAN, CLASSIFICATION", "FAMILY, CLASSIFICATION", "MEAN, TOKEN_CLASSIFICATION"})
    void theHeadComputesFromItsFileWhatTheGraphComputes(Pooling pooling, TaskType task) {
        tiny.task = task;
        tiny.pooling = pooling;
        boolean isPefts = pooling == Pooling.FAMILY || task == TaskType.TOKEN_CLASSIFICATION;
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        AdapterFiles.write(adapter, TokenizerFiles.NONE, at("adapter"), hadoop);
        ComputationGraph graph = tiny.graph();
        graph.setParams(Nd4j.createFromArray(adapter.parameters()).castTo(DataType.DOUBLE));
        Map<String, INDArray> activations = graph.feedForward(tiny.data(1, 5, 3).getFeatures(0), false);

        try (SafetensorsFile head = SafetensorsFile.open(
                folder.resolve(isPefts ? "adapter/adapter_model.safetensors" : "adapter/head.safetensors"))) {
            INDArray states = activations.get("transformer");
            String prefix = "base_model.model.";
            INDArray logits = task == TaskType.TOKEN_CLASSIFICATION
                    ? linear(states, head, prefix + "classifier", 3)
                    : linear(
                            Transforms.tanh(linear(states, head, isPefts ? prefix + "bert.pooler.dense" : "dense", 8)),
                            head,
                            isPefts ? prefix + "classifier" : "out_proj",
                            3);
            // Rounding of sums of eight doubles.
            assertThat(Transforms.softmax(logits).ravel().toDoubleVector())
                    .containsExactly(activations.get("head").ravel().toDoubleVector(), within(1e-12));
        }
    }

    private static INDArray linear(INDArray states, SafetensorsFile file, String name, int out) {
        float[] weight = new float[out * 8];
        float[] bias = new float[out];
        file.requireFloats(name + ".weight", out, 8).get(weight);
        file.requireFloats(name + ".bias", out).get(bias);
        INDArray w = Nd4j.createFromArray(weight).castTo(DataType.DOUBLE).reshape('c', out, 8);
        return states.mmul(w.transpose())
                .addRowVector(Nd4j.createFromArray(bias).castTo(DataType.DOUBLE));
    }

    /** As floats: of values of about 1. */
    @Test
    void theMomentsOfItsRowsTravelWithARunsAdapterAndNotWithExports() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        double[][][] moments = new double[adapter.layout().slots().size()][adapter.rank()][adapter.rank()];
        for (int i = 0; i < moments.length; i++) {
            moments[i][1][2] = 0.1 + i;
        }
        TrainedAdapter measured = adapter.with(new RowMoments(moments));
        AdapterFiles.write(measured, TokenizerFiles.NONE, at("adapter"), hadoop);
        double[][][] read =
                AdapterFiles.read(at("adapter"), hadoop).moments().orElseThrow().bySlot();
        for (int i = 0; i < moments.length; i++) {
            assertThat(read[i][1][2]).isCloseTo(moments[i][1][2], within(1e-6));
            assertThat(read[i][2][1]).isZero();
        }
        AdapterFiles.write(measured, Export.uniform(measured, 2, false), TokenizerFiles.NONE, at("export"), hadoop);
        assertThat(folder.resolve("export")).isDirectoryNotContaining("glob:**moments*");
    }

    @Test
    void theHeadIsDescribedForOtherReaders() throws IOException {
        AdapterFiles.write(TinyAdapters.random(tiny, "accuracy"), TokenizerFiles.NONE, at("adapter"), hadoop);
        JsonNode config = new ObjectMapper()
                .readTree(folder.resolve("adapter/head_config.json").toFile());
        assertThat(config.get("version").asInt()).isEqualTo(6);
        assertThat(config.get("type").asText()).isEqualTo("classification");
        assertThat(config.get("label_names").toString()).isEqualTo("[\"class 0\",\"class 1\",\"class 2\"]");
        assertThat(config.get("head").toString())
                .isEqualTo("{\"readout\":\"MEAN\",\"width\":8,\"outputs\":3,\"loss\":\"CROSS_ENTROPY\","
                        + "\"layers\":{\"layers\":[{\"name\":\"dense\",\"dropped\":false,\"biased\":true},"
                        + "{\"name\":\"out_proj\",\"dropped\":true,\"biased\":true}],\"activations\":[\"TANH\"],\"norms\":[]},"
                        + "\"dropout\":0.0}");
    }

    @Test
    void whatARunComputedWithIsNoPartOfItsAdapter() throws IOException {
        tiny.on(DeviceChoice.CUDA, Precision.BF16);
        AdapterFiles.write(TinyAdapters.random(tiny, "accuracy"), TokenizerFiles.NONE, at("adapter"), hadoop);
        assertThat(Files.readString(folder.resolve("adapter/head_config.json")).toLowerCase(Locale.ROOT))
                .doesNotContain("device", "cuda", "precision", "bf16", "threads", "seed");
    }

    @Test
    void whatIsThereIsReplacedAndNothingIsLeftBeside() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        AdapterFiles.write(adapter, TokenizerFiles.NONE, at("adapter"), hadoop);
        AdapterFiles.write(adapter, Export.uniform(adapter, 2, false), TokenizerFiles.NONE, at("adapter"), hadoop);

        try (Stream<Path> files = Files.walk(folder.resolve("adapter"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "adapter",
                            "adapter_config.json",
                            "adapter_model.safetensors",
                            "head_config.json",
                            "head.safetensors",
                            "README.md");
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("adapter", "model");
        }
    }

    @Test
    void aFolderWithSomethingElseIsLeftAlone() throws IOException {
        Files.createDirectories(folder.resolve("mine"));
        Files.writeString(folder.resolve("mine/thesis.txt"), "years of work");

        assertThatThrownBy(() -> AdapterFiles.write(TinyAdapters.random(tiny), TokenizerFiles.NONE, at("mine"), hadoop))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("/mine is there already and is something else");
        assertThat(folder.resolve("mine/thesis.txt")).hasContent("years of work");
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
        Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() ->
                        AdapterFiles.write(TinyAdapters.random(tiny), TokenizerFiles.NONE, at("file/adapter"), hadoop))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("/file/adapter: cannot be written");
    }

    @Test
    void aRunThatHasNoAdapterYetIsSaidSo() {
        assertThatThrownBy(() -> AdapterFiles.read(at("adapter"), hadoop))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("/adapter/adapter_config.json: is missing, so there is no trained adapter")
                .hasMessageContaining("Let the run finish");
    }

    @Test
    void anExportAtALowerRankIsNotTakenForTheWholeAdapter() {
        TrainedAdapter adapter = TinyAdapters.random(tiny);
        AdapterFiles.write(adapter, Export.uniform(adapter, 2, false), TokenizerFiles.NONE, at("adapter"), hadoop);
        assertThatThrownBy(() -> AdapterFiles.read(at("adapter"), hadoop))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("adapter_model.safetensors: tensor"
                        + " 'base_model.model.encoder.layer.0.attention.self.query.lora_A.weight' has shape [2, 8], but"
                        + " [4, 8] is expected");
    }

    @Test
    void filesOfTwoAdaptersAreNotMixed() throws IOException {
        AdapterFiles.write(TinyAdapters.random(tiny), TokenizerFiles.NONE, at("three"), hadoop);
        tiny.outputs = 2;
        AdapterFiles.write(TinyAdapters.random(tiny), TokenizerFiles.NONE, at("two"), hadoop);
        Files.copy(
                folder.resolve("three/head.safetensors"),
                folder.resolve("two/head.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> AdapterFiles.read(at("two"), hadoop))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("head.safetensors: tensor 'out_proj.weight' has shape [3, 8]");
    }

    @ParameterizedTest
    @CsvSource({
        "2, CLASSIFICATION",
        "3, CLASSIFICATION",
        "4, CLASSIFICATION",
        "4, TOKEN_CLASSIFICATION",
        "5, CLASSIFICATION"
    })
    void aDescriptionOfAnEarlierVersionIsRead(int version, TaskType task) throws IOException {
        tiny.task = task;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        AdapterFiles.write(adapter, TokenizerFiles.NONE, at("adapter"), hadoop);
        Path config = folder.resolve("adapter/head_config.json");
        ObjectNode root = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        root.put("version", version);
        ObjectNode architecture = (ObjectNode) root.get("architecture");
        toVersion5(architecture, (ObjectNode) root.get("head"));
        if (version < 5) {
            ((ObjectNode) root.get("head")).remove(List.of("layers", "dropout"));
        }
        if (version < 4) {
            architecture.put("mask", "BIDIRECTIONAL").remove("tied");
            ((ObjectNode) architecture.get("heads")).remove("normalized");
            ((ObjectNode) architecture.get("positions")).remove("kind");
        }
        if (version == 2) {
            architecture.remove("biases");
            ((ObjectNode) architecture.get("norm")).remove("kind");
            ((ObjectNode) architecture.get("positions")).remove("skips_padding");
            ((ObjectNode) architecture.get("feed_forward")).remove("gated");
        }
        Files.writeString(config, root.toString());
        assertThat(AdapterFiles.read(at("adapter"), hadoop))
                .usingRecursiveComparison()
                .isEqualTo(adapter);
    }

    /** Rotary positions, a causal mask and a window were in other places. */
    @ParameterizedTest
    @ValueSource(strings = {"mistral", "llama with llama3 scaling"})
    void aDescriptionOfADecoderOfVersion5IsRead(String name) throws IOException {
        ReferenceDecoders.write(folder.resolve("source"), ReferenceDecoders.named(name), Dtype.F32);
        Path prepared = folder.resolve("prepared");
        BaseModelImporter.importModel(folder.resolve("source").toString(), prepared, line -> {});
        TinyLearners decoder = TinyLearners.over(prepared);
        TrainedAdapter adapter = TinyAdapters.random(decoder, "accuracy");
        AdapterFiles.write(adapter, TokenizerFiles.NONE, at("decoder"), hadoop);
        Path config = folder.resolve("decoder/head_config.json");
        ObjectNode root = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        root.put("version", 5);
        toVersion5((ObjectNode) root.get("architecture"), (ObjectNode) root.get("head"));
        Files.writeString(config, root.toString());
        assertThat(AdapterFiles.read(at("decoder"), hadoop))
                .usingRecursiveComparison()
                .isEqualTo(adapter);
    }

    /** Takes away what version 6 added, and puts back what it moved. */
    private static void toVersion5(ObjectNode architecture, ObjectNode head) {
        architecture.remove(List.of("embedding_width", "pooling"));
        architecture.set("mask", architecture.remove("masks").get(0));
        ObjectNode positions = (ObjectNode) architecture.get("positions");
        if (positions.has("rotations")) {
            positions.setAll((ObjectNode) positions.remove("rotations").get(0));
        }
        ((ObjectNode) head.get("layers")).remove("norms");
    }

    @Test
    void aDescriptionThatWasChangedIsRefused() throws IOException {
        AdapterFiles.write(TinyAdapters.random(tiny), TokenizerFiles.NONE, at("adapter"), hadoop);
        Path config = folder.resolve("adapter/head_config.json");
        String text = Files.readString(config);

        Files.writeString(config, text.replace("\"version\" : 6", "\"version\" : 7"));
        requireRefused("head_config.json: version 7 is not known. This program reads versions 1 to 6.");
        Files.writeString(config, text.replace("\"readout\"", "\"pooling\""));
        requireRefused("head_config.json: is not the description of an adapter (Missing creator property 'readout'");
        requireRefused(", line 74, column 3). Write the adapter again: run train or export again.");
        Files.writeString(config, text.replaceFirst("\"metrics\" : \\[[^]]*]", "\"metrics\" : [null]"));
        requireRefused("head_config.json: is not the description of an adapter (");
        Files.writeString(config, text.replaceFirst("\"rank\" : 4", "\"rank\" : 67108868"));
        requireRefused("Rank 67108868 is not in 1..1048576");
        Files.writeString(config, text.replaceFirst("\"rank\" : 4", "\"rank\" : 1000000"));
        requireRefused("head_config.json: describes ");
        Files.writeString(config, text.replaceFirst("\"outputs\" : 3", "\"outputs\" : 2000000000"));
        requireRefused("A head of width 8 with 2000000000 outputs");
        Files.writeString(config, text.substring(0, 40));
        requireRefused("head_config.json: is not the description of an adapter (Unexpected end-of-input");
    }

    private void requireRefused(String message) {
        assertThatThrownBy(() -> AdapterFiles.read(at("adapter"), hadoop))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    private org.apache.hadoop.fs.Path at(String name) {
        return new org.apache.hadoop.fs.Path(folder.resolve(name).toUri());
    }
}
