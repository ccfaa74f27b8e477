package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.erat.adapter.Window;
import org.erat.config.HeadSettings.Pooling;
import org.erat.data.architecture.Architecture;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.TinyLearners;
import org.erat.export.AdapterFiles;
import org.erat.export.TinyAdapters;
import org.erat.export.TokenizerFiles;
import org.erat.export.TrainedAdapter;
import org.erat.inference.Predictor;
import org.erat.inference.Selection;
import org.erat.model.ReferenceDecoders;
import org.erat.model.ReferenceEncoders;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Exports of classifiers and regressions with the head of their family: the outputs here are those of PEFT and the
 * transformers library, which {@code src/test/python/exported_classifiers.py} computed from the exported files and which are
 * kept in {@code reference-classifiers.json}, with the versions.
 */
class ClassifierExportCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<Integer> RANKS = List.of(1, 3);

    /** Of logits of up to 10 in single precision, there. */
    private static final double SINGLE = 2e-5;

    @TempDir
    private Path temporary;

    /**
     * A model with an adapter.
     *
     * @param family as its name begins
     */
    private record Model(String name, String family, TaskType task) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Model> models() {
        return Stream.of(
                new Model("bert", "bert", TaskType.CLASSIFICATION),
                new Model("bert-regression", "bert", TaskType.REGRESSION),
                new Model("bert-tokens", "bert", TaskType.TOKEN_CLASSIFICATION),
                new Model("roberta", "roberta", TaskType.CLASSIFICATION),
                new Model("distilbert", "distilbert", TaskType.CLASSIFICATION),
                new Model("electra", "electra", TaskType.CLASSIFICATION),
                new Model("electra-tokens", "electra", TaskType.TOKEN_CLASSIFICATION),
                new Model("modernbert", "modernbert", TaskType.CLASSIFICATION),
                new Model(
                        "modernbert-regression",
                        "modernbert with biases and the keys of version 5",
                        TaskType.REGRESSION),
                new Model("modernbert-tokens", "modernbert", TaskType.TOKEN_CLASSIFICATION),
                new Model("gpt2", "gpt2", TaskType.CLASSIFICATION),
                new Model("qwen2-tokens", "qwen2", TaskType.TOKEN_CLASSIFICATION),
                new Model("qwen2", "qwen2", TaskType.CLASSIFICATION));
    }

    @ParameterizedTest
    @MethodSource("models")
    void outputsAreThoseOfTheTransformersLibrary(Model model) throws IOException {
        String kept = System.getProperty("erat.exports");
        Path folder = (kept == null ? temporary : Path.of(kept)).resolve(model.name());
        TinyLearners tiny = learners(model, folder);
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        writeRun(adapter, folder);
        for (int rank : RANKS) {
            export(folder, rank, "", "adapter-" + rank);
            export(folder, rank, " --merged", "merged-" + rank);
        }
        Batch batch = batch(tiny);
        Files.writeString(folder.resolve("examples.json"), examples(batch).toString());

        requirePeft(model, folder.resolve("adapter-3"));
        requireConfig(adapter, folder.resolve("merged-3"));
        // Whose outputs are being made for the file is not compared with it.
        if (kept == null) {
            for (int rank : RANKS) {
                assertThat(outputs(adapter, tiny, batch, rank)).containsExactly(expected(model, rank), within(SINGLE));
            }
        }
    }

    private static TinyLearners learners(Model model, Path folder) throws IOException {
        Path source = folder.resolve("source");
        TinyLearners tiny =
                switch (model.family()) {
                    case "bert" -> new TinyLearners(TinyBaseModel.writePooled(source, TinyBaseModel.bert(2)));
                    case "roberta" -> new TinyLearners(TinyBaseModel.write(source, TinyBaseModel.roberta(2)));
                    case "distilbert" -> new TinyLearners(TinyBaseModel.write(source, TinyBaseModel.distilBert(2)));
                    case "electra" -> new TinyLearners(TinyBaseModel.write(source, TinyBaseModel.electra(2)));
                    case "gpt2", "qwen2" -> imported(source, ReferenceDecoders.named(model.family()));
                    default -> imported(source, ReferenceEncoders.named(model.family()));
                };
        Architecture architecture = tiny.spec().architecture();
        tiny.projections = EnumSet.copyOf(architecture.projections());
        tiny.alpha = 1;
        tiny.task = model.task();
        tiny.outputs = model.task() == TaskType.REGRESSION ? 1 : 3;
        tiny.pooling = Pooling.FAMILY;
        tiny.headDropout = 0.1;
        return tiny;
    }

    /** Two examples, without the padding token of any model: the library looks for the last token that is none. */
    private static Batch batch(TinyLearners tiny) {
        Batch drawn = tiny.batch(1, 5, 3);
        int usable = tiny.spec().architecture().vocabulary() - 3;
        int[] ids = IntStream.of(drawn.tokenIds()).map(id -> 3 + id % usable).toArray();
        return new Batch(ids, drawn.typeIds(), drawn.lengths(), drawn.ids(), drawn.targets());
    }

    private static TinyLearners imported(Path source, JsonNode model) throws IOException {
        ReferenceDecoders.write(source, model, Dtype.F32);
        Path prepared = source.resolveSibling("prepared");
        BaseModelImporter.importModel(source.toString(), prepared, line -> {});
        return TinyLearners.over(prepared);
    }

    /** A run directory with an adapter of random values, as training leaves one. */
    private static void writeRun(TrainedAdapter adapter, Path folder) throws IOException {
        Path run = Files.createDirectories(folder.resolve("run"));
        Files.writeString(run.resolve("config.conf"), "");
        Files.writeString(run.resolve("_SUCCESS"), "");
        AdapterFiles.write(
                adapter,
                TokenizerFiles.NONE,
                new org.apache.hadoop.fs.Path(run.resolve("adapter").toUri()),
                new Configuration());
    }

    private static void export(Path folder, int rank, String kind, String out) {
        TinyCommands.shown(TinyCommands.words(
                "export --order trained" + kind + " --rank " + rank + " --run-dir",
                folder.resolve("run"),
                "--out",
                folder.resolve(out)));
    }

    /** Each example by itself, without padding, and the tokens whose outputs are compared where each token has some. */
    private static ObjectNode examples(Batch batch) {
        ObjectNode examples = JSON.createObjectNode();
        for (int b = 0; b < batch.size(); b++) {
            int from = b * batch.tokens();
            int to = from + batch.lengths()[b];
            examples.withArray("ids").add(JSON.valueToTree(Arrays.copyOfRange(batch.tokenIds(), from, to)));
            examples.withArray("types").add(JSON.valueToTree(Arrays.copyOfRange(batch.typeIds(), from, to)));
            examples.withArray("tokens")
                    .add(JSON.valueToTree(IntStream.of(batch.targets().tokens())
                            .filter(token -> token >= from && token < to)
                            .map(token -> token - from)
                            .toArray()));
        }
        return examples;
    }

    private static void requirePeft(Model model, Path export) throws IOException {
        JsonNode config = JSON.readTree(export.resolve("adapter_config.json").toFile());
        boolean ofTokens = model.task() == TaskType.TOKEN_CLASSIFICATION;
        assertThat(config.path("task_type").asText()).isEqualTo(ofTokens ? "TOKEN_CLS" : "SEQ_CLS");
        List<String> modules = new ArrayList<>();
        config.path("modules_to_save").forEach(module -> modules.add(module.asText()));
        assertThat(modules)
                .isEqualTo(
                        switch (model.family()) {
                            case "bert" -> ofTokens ? List.of("classifier") : List.of("bert.pooler", "classifier");
                            case "distilbert" -> List.of("pre_classifier", "classifier");
                            case "roberta", "electra" -> List.of("classifier");
                            case "gpt2", "qwen2" -> List.of("score");
                            default -> List.of("head", "classifier");
                        });
        assertThat(export.resolve("head.safetensors")).doesNotExist();
    }

    private static void requireConfig(TrainedAdapter adapter, Path merged) throws IOException {
        JsonNode config =
                JSON.readTree(merged.resolve(BaseModelDirectory.CONFIG).toFile());
        assertThat(config.path("id2label")).hasSize(adapter.outputs());
        adapter.labelNames().forEach(name -> assertThat(config.path("id2label")
                        .path(config.path("label2id").path(name).asText())
                        .asText())
                .isEqualTo(name));
        assertThat(config.path("problem_type").asText(null))
                .isEqualTo(
                        switch (adapter.type()) {
                            case REGRESSION -> "regression";
                            case CLASSIFICATION -> "single_label_classification";
                            default -> null;
                        });
        assertThat(config.path("architectures").path(0).asText())
                .matches("(Bert|Roberta|DistilBert|Electra|ModernBert|GPT2|Qwen2)For(Sequence|Token)Classification");
    }

    private static double[] outputs(TrainedAdapter adapter, TinyLearners tiny, Batch batch, int rank) {
        double[][] outputs = new double[1][];
        try (Predictor predictor = new Predictor(
                adapter.base().name(), tiny.compute(), List.of(new Selection(adapter, new Window(0, rank))))) {
            predictor.run(
                    batch,
                    (selection, values) -> outputs[0] = IntStream.range(0, values.length)
                            .mapToDouble(i -> values[i])
                            .toArray());
        }
        return outputs[0];
    }

    private static double[] expected(Model model, int rank) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                ClassifierExportCommandTest.class.getResourceAsStream("reference-classifiers.json"))) {
            JsonNode values =
                    JSON.readTree(in).path("models").path(model.name()).path(Integer.toString(rank));
            return IntStream.range(0, values.size())
                    .mapToDouble(i -> values.get(i).asDouble())
                    .toArray();
        }
    }
}
