package org.erat.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.TaskType;
import org.erat.model.TinyBaseModel;
import org.erat.network.TinyEncoders;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class AdapterFilesTest {
    @TempDir
    private Path folder;

    private final Configuration hadoop = new Configuration();
    private TinyEncoders tiny;

    @BeforeEach
    void model() {
        tiny = new TinyEncoders(TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(2)));
        tiny.dataType = DataType.FLOAT;
    }

    @Test
    void anAdapterIsReadAsItWasWritten() {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy", "macro-f1");
        AdapterFiles.write(adapter, at("adapter"), hadoop);

        TrainedAdapter read = AdapterFiles.read(at("adapter"), hadoop);

        assertThat(read.parameters()).containsExactly(adapter.parameters());
        assertThat(read).usingRecursiveComparison().ignoringFields("parameters").isEqualTo(adapter);
    }

    @Test
    void aRegressionIsReadAsItWasWritten() {
        tiny.regression = true;
        tiny.outputs = 1;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "pearson");
        AdapterFiles.write(adapter, at("adapter"), hadoop);

        TrainedAdapter read = AdapterFiles.read(at("adapter"), hadoop);

        assertThat(read.type()).isEqualTo(TaskType.REGRESSION);
        assertThat(read.parameters()).containsExactly(adapter.parameters());
    }

    @Test
    void theHeadIsThatOfTheGraphTurnedAsPyTorchHasIt() {
        ComputationGraph graph = tiny.trainedGraph(5);
        graph.getLayer("output").getParam("b").assign(0.5);
        TrainedAdapter adapter = new TrainedAdapter(
                tiny.spec(),
                "tiny",
                TaskType.CLASSIFICATION,
                List.of("a", "b", "c"),
                List.of("accuracy"),
                graph.params().toFloatVector());
        AdapterFiles.write(adapter, at("adapter"), hadoop);

        try (SafetensorsFile head = SafetensorsFile.open(folder.resolve("adapter/head.safetensors"))) {
            requireLinear(
                    graph, "dense", head.requireFloats("dense.weight", 8, 8), head.requireFloats("dense.bias", 8));
            requireLinear(
                    graph,
                    "output",
                    head.requireFloats("out_proj.weight", 3, 8),
                    head.requireFloats("out_proj.bias", 3));
        }
    }

    private static void requireLinear(ComputationGraph graph, String layer, FloatBuffer weight, FloatBuffer bias) {
        INDArray w = graph.getLayer(layer).getParam("W");
        INDArray b = graph.getLayer(layer).getParam("b");
        for (int out = 0; out < w.columns(); out++) {
            assertThat(bias.get(out)).isEqualTo(b.getFloat(out));
            for (int in = 0; in < w.rows(); in++) {
                assertThat(weight.get(out * w.rows() + in)).isEqualTo(w.getFloat(in, out));
            }
        }
    }

    @Test
    void theHeadIsDescribedForOtherReaders() throws IOException {
        AdapterFiles.write(TinyAdapters.random(tiny, "accuracy"), at("adapter"), hadoop);
        JsonNode config = new ObjectMapper()
                .readTree(folder.resolve("adapter/head_config.json").toFile());
        assertThat(config.get("pooling").asText()).isEqualTo("mean");
        assertThat(config.get("activation").asText()).isEqualTo("tanh");
        assertThat(config.get("type").asText()).isEqualTo("classification");
        assertThat(config.get("label_names").toString()).isEqualTo("[\"class 0\",\"class 1\",\"class 2\"]");
    }

    @Test
    void whatIsThereIsReplacedAndNothingIsLeftBeside() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        AdapterFiles.write(adapter, at("adapter"), hadoop);
        AdapterFiles.write(adapter, Export.uniform(adapter, 2, false), at("adapter"), hadoop);

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

        assertThatThrownBy(() -> AdapterFiles.write(TinyAdapters.random(tiny), at("mine"), hadoop))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("/mine is there already and is something else");
        assertThat(folder.resolve("mine/thesis.txt")).hasContent("years of work");
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
        Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> AdapterFiles.write(TinyAdapters.random(tiny), at("file/adapter"), hadoop))
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
        AdapterFiles.write(adapter, Export.uniform(adapter, 2, false), at("adapter"), hadoop);
        assertThatThrownBy(() -> AdapterFiles.read(at("adapter"), hadoop))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("adapter_model.safetensors: tensor"
                        + " 'base_model.model.encoder.layer.0.attention.self.query.lora_A.weight' has shape [2, 8], but"
                        + " [4, 8] is expected");
    }

    @Test
    void filesOfTwoAdaptersAreNotMixed() throws IOException {
        AdapterFiles.write(TinyAdapters.random(tiny), at("three"), hadoop);
        tiny.outputs = 2;
        AdapterFiles.write(TinyAdapters.random(tiny), at("two"), hadoop);
        Files.copy(
                folder.resolve("three/head.safetensors"),
                folder.resolve("two/head.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> AdapterFiles.read(at("two"), hadoop))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("head.safetensors: tensor 'out_proj.weight' has shape [3, 8]");
    }

    @Test
    void aDescriptionThatWasChangedIsRefused() throws IOException {
        AdapterFiles.write(TinyAdapters.random(tiny), at("adapter"), hadoop);
        Path config = folder.resolve("adapter/head_config.json");
        String text = Files.readString(config);

        Files.writeString(config, text.replace("\"version\" : 1", "\"version\" : 7"));
        requireRefused("head_config.json: version 7 is not known");
        Files.writeString(config, text.replace("\"device\"", "\"engine\""));
        requireRefused("head_config.json: 'encoder' is not the specification of an encoder");
        Files.writeString(config, text.substring(0, 40));
        requireRefused("head_config.json: is not the description of a task head");
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
