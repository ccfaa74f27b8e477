package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.SparkSession;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A grid from its file to the table, as a user makes it. */
class ExperimentCommandTest {
    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static TinyProject project;
    private static SparkSession session;

    @BeforeAll
    static void prepare() throws IOException {
        TinyCommands.onTwoCores();
        project = TinyCommands.write(shared);
        TinyCommands.shown(TinyCommands.prepareData(project, "data"));
        Files.createDirectory(shared.resolve("training-text"));
        Files.copy(project.text().resolve("train.tsv"), shared.resolve("training-text/train.tsv"));
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format tsv --text sentence --label mood --type classification --validation-fraction 0.3"
                        + " --input",
                shared.resolve("training-text"),
                "--model",
                project.model(),
                "--out",
                shared.resolve("part")));
        session = Sessions.open("experiments");
    }

    @AfterAll
    static void stop() {
        session.stop();
        TinyCommands.forgetSpark();
    }

    @BeforeEach
    void grid() throws IOException {
        Files.writeString(
                folder.resolve("grid.conf"),
                """
                settings { include required(file("%s")) }
                methods {
                  lora { method = lora }
                  erat { method = erat }
                }
                seeds = [1, 2]
                baseline { method = lora, order = canonical }
                """
                        .formatted(shared.resolve("job.conf")));
    }

    @Test
    void theRunsOfAGridAreMadeOnceAndCompared() throws IOException {
        List<String> planned = experiment("--dry-run");
        assertThat(planned)
                .anySatisfy(line -> assertThat(line).endsWith("/out/runs/lora/seed-2: to be made"))
                .contains("4 of 4 runs are left, 1 at a time: how long they take is known once a round has ended");
        assertThat(folder.resolve("out")).doesNotExist();

        List<String> shown = experiment("--parallel", "2");

        assertThat(shown).anySatisfy(line -> assertThat(line).endsWith(": done, 4 of 4"));
        assertThat(Files.readAllLines(folder.resolve("out/results.md"))).isSubsetOf(shown);
        assertThat(folder.resolve("out/results.md")).content().contains("![accuracy by rank](quality-by-rank.svg)");
        assertThat(folder.resolve("out/quality-by-rank.svg")).content().startsWith("<svg ");
        JsonNode lines = new ObjectMapper()
                .readTree(folder.resolve("out/results.json").toFile())
                .at("/tasks/0/lines");
        assertThat(lines)
                .extracting(line -> line.get("method").asText())
                .containsExactly("lora", "lora", "erat", "erat");
        assertThat(lines.get(0).at("/aurac/values")).hasSize(2);
        assertThat(lines.get(1).get("difference")).isNull();
        assertThat(lines.get(2).at("/difference/values")).hasSize(2);

        Map<Path, Long> runs = TinyProject.timesOf(folder.resolve("out/runs"));
        byte[] values = Files.readAllBytes(folder.resolve("out/results.json"));
        experiment();
        assertThat(TinyProject.timesOf(folder.resolve("out/runs"))).isEqualTo(runs);
        assertThat(folder.resolve("out/results.json")).hasBinaryContent(values);
        assertThat(experiment("--dry-run"))
                .anySatisfy(line -> assertThat(line).endsWith("/out/runs/lora/seed-2: finished"))
                .anySatisfy(line -> assertThat(line).startsWith("0 of 4 runs are left, 1 at a time: about 0 minutes"));
    }

    @Test
    void theTimeIsEstimatedFromRunsInProgress() throws IOException {
        experiment();
        Path runs = folder.resolve("out/runs");
        Path inProgress = runs.resolve("lora/seed-1");
        for (String other : List.of("lora/seed-2", "erat/seed-1", "erat/seed-2")) {
            FileUtils.deleteDirectory(runs.resolve(other).toFile());
        }
        Files.delete(inProgress.resolve("_SUCCESS"));
        JsonNode manifest = new ObjectMapper()
                .readTree(project.data().resolve("manifest.json").toFile());
        Files.writeString(
                inProgress.resolve("metrics.jsonl"),
                """
                {"round":1,"examples":1,"tokens":%d,"seconds":600,"bytes_to_each_worker":1,"bytes_from_all_workers":1}
                """
                        .formatted(manifest.at("/train/tokens").asInt()));

        assertThat(experiment("--dry-run"))
                .anySatisfy(line -> assertThat(line).endsWith("/out/runs/lora/seed-1: to be gone on with"))
                .contains(
                        "4 of 4 runs are left, 1 at a time: about 70 minutes of training, by the rounds that are done");
    }

    @Test
    void theBestValueIsChosenOnOtherDataAndCompared() throws IOException {
        choose("part", "training.learning-rate = [0.005, 0.02]");
        assertThat(experiment("--dry-run"))
                .anySatisfy(line ->
                        assertThat(line).endsWith("/out/search/part/erat-learning-rate-0.02/seed-11: to be made"))
                .anySatisfy(line -> assertThat(line)
                        .endsWith("/out/runs/erat/seed-1: to be made with the value that the search chooses"))
                .anySatisfy(line -> assertThat(line).startsWith("6 of 6 runs are left"));

        List<String> shown = experiment();

        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("out/results.json").toFile());
        for (String method : List.of("lora", "erat")) {
            String best = aurac(method, "0.02") > aurac(method, "0.005") ? "0.02" : "0.005";
            assertThat(TinyProject.filesOf(folder.resolve("out/runs")))
                    .contains(folder.resolve("out/runs/" + method + "-learning-rate-" + best + "/seed-1/_SUCCESS"))
                    .noneMatch(file -> file.startsWith(folder.resolve(
                            "out/runs/" + method + "-learning-rate-" + (best.equals("0.02") ? "0.005" : "0.02"))));
            assertThat(shown).anySatisfy(line -> assertThat(line)
                    .startsWith("chosen for " + method + " by part: training.learning-rate = " + best
                            + "; the best training.learning-rate, " + best + ", is the "));
            assertThat(results.at("/search/methods")).anySatisfy(node -> {
                assertThat(node.get("method").asText()).isEqualTo(method);
                assertThat(node.at("/chosen/training.learning-rate").asText()).isEqualTo(best);
            });
        }
        assertThat(Files.readAllLines(folder.resolve("out/results.md")))
                .contains("## Search by part: accuracy × 100", "## accuracy × 100")
                .isSubsetOf(shown);
        assertThat(results.at("/tasks/0/lines"))
                .extracting(line -> line.get("method").asText())
                .containsExactly("lora", "lora", "erat", "erat");

        Map<Path, Long> runs = TinyProject.timesOf(folder.resolve("out/search"));
        byte[] values = Files.readAllBytes(folder.resolve("out/results.json"));
        experiment();
        assertThat(TinyProject.timesOf(folder.resolve("out/search"))).isEqualTo(runs);
        assertThat(folder.resolve("out/results.json")).hasBinaryContent(values);
        assertThat(experiment("--dry-run"))
                .anySatisfy(line -> assertThat(line)
                        .contains("/out/runs/erat-learning-rate-0.0")
                        .endsWith("/seed-1: finished"))
                .anySatisfy(line -> assertThat(line).startsWith("0 of 6 runs are left"));
    }

    /** The higher one of its orders, as the run itself says. */
    private double aurac(String method, String value) throws IOException {
        JsonNode evaluation = new ObjectMapper()
                .readTree(folder.resolve(
                                "out/search/part/" + method + "-learning-rate-" + value + "/seed-11/evaluation.json")
                        .toFile());
        return Math.max(
                evaluation.get("aurac").asDouble(),
                evaluation.get("canonical_aurac").asDouble());
    }

    @Test
    void aSearchRunThatFailsIsReportedAndItsValueIsNotChosen() throws IOException {
        choose("part", "training.shards = [1, 1000]");
        List<String> shown = experiment();
        assertThat(shown).anySatisfy(line -> assertThat(line)
                .startsWith("search/part/lora-shards-1000/seed-11: FAILED, 1000 shards of "));
        assertThat(folder.resolve("out/runs/lora-shards-1/seed-1/_SUCCESS")).exists();
        assertThat(folder.resolve("out/results.md"))
                .content()
                .contains("Search runs that have failed:", "- part/lora-shards-1000/seed-11: 1000 shards of ");
    }

    @Test
    void withoutAnyValueTheRunsOfAMethodFail() throws IOException {
        choose("part", "training.shards = [1000]");
        TinyCommands.Ended ended = TinyCommands.run(words());
        assertThat(ended.code()).isEqualTo(3);
        assertThat(ended.error()).contains("2 of 2 runs failed: lora/seed-1, erat/seed-1.");
        assertThat(folder.resolve("out/results.md"))
                .content()
                .contains("- lora/seed-1: no value has finished the search with every seed")
                .doesNotContain("not made yet");
    }

    @Test
    void aSearchOnTheComparedExamplesIsRefused() throws IOException {
        TinyCommands.shown(TinyCommands.prepareData(project, "copy"));
        for (String same : List.of("data", "copy")) {
            choose(same, "training.learning-rate = [0.005, 0.02]");
            for (String option : List.of("--parallel=1", "--dry-run")) {
                TinyCommands.Ended ended = TinyCommands.run(words(option));
                assertThat(ended.code()).isEqualTo(2);
                assertThat(ended.error())
                        .contains("The search and the comparison have the same validation examples ("
                                + shared.resolve(same) + ", " + shared.resolve("data") + ")");
            }
        }
        assertThat(folder.resolve("out")).doesNotExist();
    }

    /** A grid that chooses values on a data set. */
    private void choose(String data, String sweep) throws IOException {
        Files.writeString(
                folder.resolve("grid.conf"),
                """
                settings { include required(file("%s")), training.learning-rate = 0.01 }
                methods {
                  lora { method = lora }
                  erat { method = erat }
                }
                choose { tasks { part { data.train = "%s" } }, sweep { %s }, seeds = [11] }
                """
                        .formatted(shared.resolve("job.conf"), shared.resolve(data), sweep));
    }

    /** Its run is the one that the train command makes of the same settings. */
    @Test
    void aRunIsThatOfTheTrainCommand() throws IOException {
        experiment("--set", "training.epochs=1");
        TinyCommands.shown(
                TinyCommands.train(project, "alone", "--set method=erat --set seed=2 --set training.epochs=1"));
        assertThat(folder.resolve("out/runs/erat/seed-2/adapter/adapter_model.safetensors"))
                .hasSameBinaryContentAs(shared.resolve("alone/adapter/adapter_model.safetensors"));
    }

    @Test
    void aRunThatFailsIsReportedAndTheOthersAreMade() throws IOException {
        Files.writeString(
                folder.resolve("grid.conf"),
                "settings { include required(file(\"%s\")) }, tasks { gone { data.train = \"%s\" }, here { seed = 1 } }, methods { lora { method = lora } }"
                        .formatted(shared.resolve("job.conf"), folder.resolve("gone")));

        TinyCommands.Ended ended = TinyCommands.run(words());

        assertThat(ended.code()).isEqualTo(3);
        assertThat(ended.error()).contains("1 of 2 runs failed: gone/lora/seed-1.");
        assertThat(folder.resolve("out/results.md"))
                .content()
                .contains(
                        "## here: accuracy", "Runs that have failed:", "- gone/lora/seed-1: " + folder.resolve("gone"));
    }

    @Test
    void whatCannotBeMadeIsRefusedBeforeAnythingIsMade() throws IOException {
        assertThat(TinyCommands.run(words("--parallel", "0")).code()).isEqualTo(2);
        Files.writeString(folder.resolve("grid.conf"), "methods { a { method = lora, rank = 3 } }");
        TinyCommands.Ended ended = TinyCommands.run(words());
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.error()).contains("grid.conf, a: ", "unknown key rank");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private List<String> experiment(String... more) {
        return TinyCommands.shown(words(more));
    }

    private String[] words(String... more) {
        return TinyCommands.words(
                "experiment --grid", folder.resolve("grid.conf"), "--out", folder.resolve("out"), more);
    }
}
