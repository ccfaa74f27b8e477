package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.erat.job.TinyProject;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An adapter is used long after its run, where the base model has another place, the device is another, the job is newer. */
class FinishedRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The tensors of an exported adapter, which no name of a base model is part of. */
    private static final List<String> TENSORS = List.of("adapter_model.safetensors", "head.safetensors");

    @TempDir
    private static Path shared;

    private static TinyProject project;
    private static List<String> table;
    private static List<String> predictions;

    @TempDir
    private Path folder;

    @BeforeAll
    static void train() throws IOException {
        TinyCommands.onTwoCores();
        project = TinyCommands.write(shared);
        TinyCommands.shown(TinyCommands.prepareData(project, "data"));
        TinyCommands.shown(TinyCommands.train(project, "run"));
        table = TinyCommands.shown(evaluate(shared.resolve("run")));
        predictions = predict(shared.resolve("run"), shared.resolve("predictions.jsonl"));
        assertThat(table).anyMatch(line -> line.contains("accuracy"));
        assertThat(predictions).hasSize(TinyProject.VALIDATION_EXAMPLES);
    }

    @AfterAll
    static void forgetSpark() {
        TinyCommands.forgetSpark();
    }

    private static String[] evaluate(Path run, Object... more) {
        return TinyCommands.words("evaluate --suffixes --run-dir", run, "--data", project.data(), more);
    }

    private static List<String> predict(Path run, Path out, Object... more) throws IOException {
        TinyCommands.shown(
                TinyCommands.words("predict --rank 2 --run-dir", run, "--data", project.data(), "--out", out, more));
        return Files.readAllLines(out);
    }

    private static void export(Path run, int rank, Path out, Object... more) {
        TinyCommands.shown(TinyCommands.words("export --run-dir", run, "--rank " + rank + " --out", out, more));
    }

    /** Earlier programs had this head; an adapter's own files say what its head is. */
    @Test
    void aRunWhoseHeadIsNotTrainedAnyMoreIsRead() throws IOException {
        Path run = copyOfRun();
        Path configuration = run.resolve("config.conf");
        String now = Files.readString(configuration);
        assertThat(now).contains("head.pooling = mean");
        Files.writeString(configuration, now.replace("head.pooling = mean", "head.pooling = first-token"));
        assertThat(predict(run, folder.resolve("predictions.jsonl"))).isEqualTo(predictions);
    }

    private Path copyOfRun() throws IOException {
        Path copy = folder.resolve("run");
        FileUtils.copyDirectory(shared.resolve("run").toFile(), copy.toFile());
        return copy;
    }

    /** A run whose base model is not where it was when the adapter was trained. */
    private Path runWithoutItsModel() throws IOException {
        Path run = copyOfRun();
        Path config = run.resolve("adapter/head_config.json");
        String there = Files.readString(config);
        assertThat(there).contains(project.model().toString());
        Files.writeString(
                config,
                there.replace(project.model().toString(), folder.resolve("gone").toString()));
        return run;
    }

    @Test
    void aBaseModelThatHasMovedIsNamedAndKnownByItsChecksum() throws IOException {
        Path run = runWithoutItsModel();
        Path moved = folder.resolve("under another name");
        FileUtils.copyDirectory(project.model().toFile(), moved.toFile());

        TinyCommands.Ended without = TinyCommands.run(evaluate(run));
        assertThat(without.error()).contains(folder.resolve("gone").toString(), "--model");
        assertThat(without.code()).isEqualTo(3);

        assertThat(TinyCommands.shown(evaluate(run, "--model", moved))).isEqualTo(table);
        assertThat(predict(run, folder.resolve("p.jsonl"), "--model", moved)).isEqualTo(predictions);
    }

    @Test
    void anExportedAdapterNamesTheBaseModelWhereItIsNow() throws IOException {
        Path run = runWithoutItsModel();
        Path moved = folder.resolve("under another name");
        FileUtils.copyDirectory(project.model().toFile(), moved.toFile());

        export(run, 2, folder.resolve("as it was"));
        export(run, 2, folder.resolve("now"), "--model", moved);

        assertThat(baseModelOf("as it was")).isEqualTo(folder.resolve("gone").toString());
        assertThat(baseModelOf("now")).isEqualTo(moved.toString());
        Map<String, byte[]> before = TinyProject.bytesOf(folder.resolve("as it was"));
        Map<String, byte[]> after = TinyProject.bytesOf(folder.resolve("now"));
        for (String tensors : TENSORS) {
            assertThat(after.get(tensors)).as(tensors).isEqualTo(before.get(tensors));
        }
    }

    /** The texts of the validation split alone, as others would have them who wonder what they are. */
    @Test
    void textWithoutLabelsIsPredictedAsWithThem() throws IOException {
        Path texts = folder.resolve("texts.tsv");
        List<String> rows = Files.readAllLines(project.text().resolve("dev.tsv"));
        assertThat(rows.get(0)).isEqualTo("sentence\tmood");
        Files.write(
                texts,
                rows.stream().map(row -> row.substring(0, row.indexOf('\t'))).toList());
        String prepare = "prepare-data --format tsv --text sentence --type classification --like " + project.data();
        TinyCommands.shown(TinyCommands.words(
                prepare, "--input", texts, "--model", project.model(), "--out", folder.resolve("texts")));

        Path out = folder.resolve("p.jsonl");
        TinyCommands.shown(TinyCommands.words(
                "predict --rank 2 --run-dir", shared.resolve("run"), "--data", folder.resolve("texts"), "--out", out));
        assertThat(Files.readAllLines(out))
                .isEqualTo(predictions.stream()
                        .map(line -> line.replaceAll(",\"label\":\"[^\"]*\"", ""))
                        .toList());

        String unlabelled = folder.resolve("texts") + " has no labels, which training and evaluate need";
        TinyCommands.Ended evaluated = TinyCommands.run(
                TinyCommands.words("evaluate --run-dir", shared.resolve("run"), "--data", folder.resolve("texts")));
        assertThat(evaluated.error()).contains(unlabelled, "--label", "predict");
        assertThat(evaluated.code()).isEqualTo(3);
        TinyCommands.Ended trained = TinyCommands.run(
                TinyCommands.train(project, "run on texts", "--set", "data.train=" + folder.resolve("texts")));
        assertThat(trained.error()).contains(unlabelled);
        assertThat(trained.code()).isEqualTo(3);
    }

    /** Of one class only, which by itself would be no data set. */
    @Test
    void labelledTextOfSomeClassesIsEvaluatedWithTheRunsClasses() throws IOException {
        List<String> rows = Files.readAllLines(project.text().resolve("dev.tsv"));
        String mood = rows.get(1).substring(rows.get(1).indexOf('\t') + 1);
        Path some = folder.resolve("some.tsv");
        Files.write(
                some,
                rows.stream()
                        .filter(row -> row.equals(rows.get(0)) || row.endsWith("\t" + mood))
                        .toList());
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format tsv --text sentence --label mood --type classification --like",
                project.data(),
                "--input",
                some,
                "--model",
                project.model(),
                "--out",
                folder.resolve("some")));
        assertThat(TinyCommands.shown(TinyCommands.words(
                        "evaluate --run-dir", shared.resolve("run"), "--data", folder.resolve("some"))))
                .anyMatch(line -> line.startsWith("AURAC (accuracy)"));
        TinyCommands.Ended trained = TinyCommands.run(
                TinyCommands.train(project, "run on some", "--set", "data.train=" + folder.resolve("some")));
        assertThat(trained.error()).contains("has no training examples: it was prepared with --like");
        assertThat(trained.code()).isEqualTo(3);
    }

    private String baseModelOf(String adapter) throws IOException {
        JsonNode config = JSON.readTree(
                folder.resolve(adapter).resolve("adapter_config.json").toFile());
        return config.path("base_model_name_or_path").asText();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evaluate --data DATA",
                "predict --data DATA --rank 2 --out FOLDER/p.jsonl",
                "export --rank 2 --out FOLDER/adapter"
            })
    void anotherBaseModelIsRefusedByName(String command) throws IOException {
        TinyBaseModel other = TinyBaseModel.write(folder.resolve("other"), TinyBaseModel.bert(2, 4));
        String[] words = TinyCommands.words(
                command.replace("DATA", project.data().toString()).replace("FOLDER", folder.toString()),
                "--run-dir",
                shared.resolve("run"),
                "--model",
                other.directory());

        TinyCommands.Ended ended = TinyCommands.run(words);

        assertThat(ended.error())
                .startsWith("error: ")
                .contains(
                        other.directory().toString(),
                        other.sha256(),
                        "Name the directory of that base model with --model");
        assertThat(ended.error().lines()).hasSize(1);
        assertThat(ended.code()).isEqualTo(3);
        assertThat(folder.resolve("p.jsonl")).doesNotExist();
        assertThat(folder.resolve("adapter")).doesNotExist();
    }

    /** Equal weights compute something else in another architecture. */
    @Test
    void aBaseModelWhoseConfigurationChangedIsRefusedByWhatDiffers() throws IOException {
        Path changed = folder.resolve("changed");
        FileUtils.copyDirectory(project.model().toFile(), changed.toFile());
        Path config = changed.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"gelu\"", "\"relu\""));

        TinyCommands.Ended predicting = TinyCommands.run(TinyCommands.words(
                "predict --rank 2 --run-dir",
                shared.resolve("run"),
                "--data",
                project.data(),
                "--model",
                changed,
                "--out",
                folder.resolve("p.jsonl")));
        TinyCommands.Ended resuming =
                TinyCommands.run(TinyCommands.train(project, "run", "--set model.path=" + changed));

        assertThat(predicting.error())
                .contains(changed + "/config.json describes another model", "feedForward", "GELU", "RELU", "--model");
        assertThat(predicting.code()).isEqualTo(3);
        assertThat(folder.resolve("p.jsonl")).doesNotExist();
        assertThat(resuming.code()).isEqualTo(2);
    }

    @Test
    void aRunWhoseBaseModelChangedItsConfigurationGoesOnNoFurther() throws IOException {
        Path own = folder.resolve("own");
        TinyProject changing = TinyCommands.write(Files.createDirectory(own));
        TinyCommands.shown(TinyCommands.prepareData(changing, "data"));
        TinyCommands.shown(TinyCommands.train(changing, "run"));
        Files.delete(own.resolve("run/_SUCCESS"));
        Path config = changing.model().resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"gelu\"", "\"relu\""));

        TinyCommands.Ended resumed = TinyCommands.run(TinyCommands.train(changing, "run"));

        assertThat(resumed.error()).contains("config.json changed (config.json ");
        assertThat(resumed.code()).isEqualTo(2);
    }

    @Test
    void adapterAndExportBringTheTokenizerOfTheirBaseModel() throws IOException {
        export(shared.resolve("run"), 2, folder.resolve("adapter"));
        for (Path adapter : List.of(shared.resolve("run/adapter"), folder.resolve("adapter"))) {
            assertThat(adapter.resolve("tokenizer.json"))
                    .hasSameBinaryContentAs(project.model().resolve("tokenizer.json"));
        }
    }

    @Test
    void anotherDeviceComputesTheSameFunction() throws IOException {
        List<String> onNd4j = predict(
                shared.resolve("run"), folder.resolve("p.jsonl"), "--set compute.device=nd4j --set compute.threads=2");

        assertThat(onNd4j).hasSameSizeAs(predictions);
        for (int i = 0; i < predictions.size(); i++) {
            JsonNode one = JSON.readTree(predictions.get(i));
            JsonNode other = JSON.readTree(onNd4j.get(i));
            assertThat(other.path("id")).isEqualTo(one.path("id"));
            for (int output = 0; output < 2; output++) {
                // Two implementations in single precision: a hundred roundings of values of a few units.
                assertThat(other.path("logits").path(output).asDouble())
                        .isCloseTo(one.path("logits").path(output).asDouble(), within(1e-4));
            }
        }
        assertThat(TinyCommands.shown(evaluate(shared.resolve("run"), "--set compute.device=nd4j")))
                .isEqualTo(table);
    }

    @ParameterizedTest
    @CsvSource({
        "compute.device=cuda, 'compute.device = cuda, but this task has no GPU'",
        "compute.threads=0, 'compute.threads = 0 is not allowed: give a whole number, 1..1024'",
        "compute.thread=1, 'unknown key compute.thread: did you mean compute.threads?'",
        "seed=2, '--set seed=... has no effect on a run that has finished'"
    })
    void aSettingThatCannotBeChosenAnewIsRefused(String setting, String message) {
        TinyCommands.Ended ended = TinyCommands.run(evaluate(shared.resolve("run"), "--set " + setting));

        assertThat(ended.error()).contains(message);
        assertThat(ended.code()).isEqualTo(2);
    }

    /** As the version before wrote it: with all that the run was configured with, its device among it. */
    @Test
    void anAdapterOfTheVersionBeforeIsUsedAsOneOfToday() throws IOException {
        Path run = copyOfRun();
        Path config = run.resolve("adapter/head_config.json");
        JsonNode today = JSON.readTree(config.toFile());
        Files.writeString(
                config,
                """
                {
                  "version" : 1,
                  "task" : "custom",
                  "type" : "classification",
                  "label_names" : [ "happy", "sad" ],
                  "metrics" : [ "accuracy", "macro-f1" ],
                  "pooling" : "mean",
                  "activation" : "tanh",
                  "outputs" : 2,
                  "encoder" : {
                    "modelUri" : "%s",
                    "modelSha256" : "%s",
                    "model" : {
                      "modelType" : "bert",
                      "vocabSize" : 50,
                      "hiddenSize" : 8,
                      "numHiddenLayers" : 2,
                      "numAttentionHeads" : 2,
                      "intermediateSize" : 16,
                      "maxPositionEmbeddings" : 24,
                      "typeVocabSize" : 2,
                      "layerNormEps" : 1.0E-12,
                      "hiddenAct" : "gelu",
                      "padTokenId" : 0
                    },
                    "device" : "cuda",
                    "precision" : "bf16",
                    "weights" : "packed",
                    "activations" : "kept",
                    "threads" : 1,
                    "targets" : [ "QUERY", "VALUE" ],
                    "schedule" : {
                      "rank" : 4,
                      "minRank" : 1,
                      "g0" : 0.5,
                      "depthSlope" : 0.5,
                      "prefixShare" : 0.5,
                      "law" : "PREFIX_MIXTURE",
                      "overTime" : "GROW",
                      "overDepth" : "DEEPER_HIGHER",
                      "coupling" : "INDEPENDENT",
                      "scale" : "ALPHA_OVER_WIDTH",
                      "update" : "WINDOW",
                      "shared" : false,
                      "granularity" : "STEP",
                      "alpha" : 8.0
                    },
                    "totalSteps" : 14,
                    "seed" : 1,
                    "dropout" : 0.1,
                    "freezeA" : false,
                    "pooling" : "MEAN"
                  }
                }
                """
                        .formatted(
                                today.path("base").path("name").asText(),
                                today.path("base").path("sha256").asText()));

        assertThat(TinyCommands.shown(evaluate(run))).isEqualTo(table);
        assertThat(predict(run, folder.resolve("p.jsonl"))).isEqualTo(predictions);
        export(run, TinyProject.RANK, folder.resolve("adapter"));
        Map<String, byte[]> own = TinyProject.bytesOf(shared.resolve("run/adapter"));
        // Of the run alone.
        assertThat(own.remove("row_moments.safetensors")).isNotNull();
        assertThat(TinyProject.bytesOf(folder.resolve("adapter"))).containsExactlyInAnyOrderEntriesOf(own);
    }
}
