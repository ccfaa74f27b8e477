package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
                .contains("4 of 4 runs are left, 1 at a time: how long they take is known once one has finished");
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
