package org.erat.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.UsageException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
    private static final String CONFIG = "seed = 1\ntraining { epochs = 3, shards = 2 }\n";

    @TempDir
    Path folder;

    private final List<String> log = new ArrayList<>();
    private RunDirectory opened;

    @AfterEach
    void close() {
        if (opened != null) {
            opened.close();
        }
    }

    @Test
    void aNewRunHoldsItsConfigurationAndNoRemains() throws IOException {
        RunDirectory run = open(CONFIG, "data-1");

        assertThat(run.state()).isEqualTo(RunDirectory.State.NEW);
        assertThat(run.resume()).isEmpty();
        assertThat(names(run())).containsExactlyInAnyOrder("config.conf", "checkpoints", "lease");
        assertThat(read().config()).isEqualTo(CONFIG);
    }

    @Test
    void theSameConfigurationGoesOnFromTheLatestCheckpoint() {
        RunDirectory first = open(CONFIG, "data-1");
        for (int round = 1; round <= 3; round++) {
            first.metrics().append(round, Map.of("loss", 1.0 / round));
            if (round < 3) {
                first.checkpoints().save(checkpoint(round));
            }
        }

        RunDirectory again = open("training.shards = 2\ntraining.epochs = 3\nseed = 1", "data-1");

        assertThat(again.state()).isEqualTo(RunDirectory.State.RESUMABLE);
        assertThat(again.resume().orElseThrow().round()).isEqualTo(2);
        assertThat(again.metrics().read())
                .containsExactly(Map.of("round", 1, "loss", 1.0), Map.of("round", 2, "loss", 0.5));
    }

    @Test
    void aLineOfMetricsThatWasCutShortIsForgotten() throws IOException {
        RunDirectory run = open(CONFIG, "data-1");
        run.metrics().append(1, Map.of("loss", 0.5));
        run.checkpoints().save(checkpoint(1));
        Path metrics = run().resolve("metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics) + "{\"round\":1,\"lo");

        RunDirectory again = open(CONFIG, "data-1");
        again.resume();
        again.metrics().append(2, Map.of("loss", 0.25));

        assertThat(Files.readString(metrics)).isEqualTo("{\"round\":1,\"loss\":0.5}\n{\"round\":2,\"loss\":0.25}\n");
    }

    @Test
    void whatAKilledProcessHalfWroteGoes() throws IOException {
        open(CONFIG, "data-1");
        Files.createDirectories(run().resolve("checkpoints/.tmp-round-000001-x"));
        Files.writeString(run().resolve(".tmp-metrics.jsonl-x"), "half");

        open(CONFIG, "data-1");

        assertThat(names(run())).containsExactlyInAnyOrder("config.conf", "checkpoints", "lease");
        assertThat(names(run().resolve("checkpoints"))).isEmpty();
    }

    @Test
    void aFinishedRunIsSeenAsFinished() throws IOException {
        open(CONFIG, "data-1").finish();
        assertThat(open(CONFIG, "data-1").state()).isEqualTo(RunDirectory.State.FINISHED);
        assertThat(run().resolve("_SUCCESS")).exists();
    }

    @Test
    void anotherConfigurationIsRefusedByTheKeysThatDiffer() {
        open(CONFIG, "data-1");
        assertThatThrownBy(() -> open("seed = 2\ntraining { epochs = 3 }", "data-1"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(run().toString())
                .hasMessageContaining("seed (1 there, 2 now), training.shards (2 there, not set now)")
                .hasMessageContaining("Choose another --run-dir");
    }

    @Test
    void aRunOfAProgramThatDidNotKnowASettingGoesOnWithItsDefault() {
        open(CONFIG, "data-1");
        assertThat(open(CONFIG + "\ntraining.transfer = f32", "data-1").state())
                .isNotEqualTo(RunDirectory.State.FINISHED);
        assertThatThrownBy(() -> open(CONFIG + "\ntraining.transfer = int8", "data-1"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("training.transfer (not set there, int8 now)");
    }

    @Test
    void otherDataUnderTheSameConfigurationIsRefused() {
        open(CONFIG, "data-1");
        assertThatThrownBy(() -> open(CONFIG, "data-2"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data or base model changed (data-1 there, data-2 now)");
    }

    @Test
    void theInputThatChangedIsNamedAndWhatAnEarlierProgramDidNotRecordIsNotCompared() {
        open(CONFIG, "data 1, base weights 2");
        open(CONFIG, "data 1, base weights 2, config.json 3");
        assertThatThrownBy(() -> open(CONFIG, "data 1, base weights 5, config.json 3"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("base weights changed (base weights 2 there, base weights 5 now)");
    }

    @Test
    void resumingNothingIsRefusedAndLeavesNothing() {
        assertThatThrownBy(() ->
                        RunDirectory.open(run().toString(), new Configuration(), CONFIG, "f", true, "test", log::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("nothing to resume")
                .hasMessageContaining("leave out --resume");
        assertThat(run()).doesNotExist();
    }

    @Test
    void aFolderOfSomethingElseIsNotTouched() throws IOException {
        Files.createDirectories(run());
        Files.writeString(run().resolve("thesis.tex"), "precious");
        assertThatThrownBy(() -> open(CONFIG, "data-1"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("thesis.tex");
        assertThat(names(run())).containsExactly("thesis.tex");
    }

    @Test
    void readingWhereThereIsNoRunIsRefused() {
        assertThatThrownBy(this::read)
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("There is no run in")
                .hasMessageContaining(run().toString());
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws IOException {
        Files.writeString(run(), "a file where the folder should be");
        assertThatThrownBy(() -> RunDirectory.open(
                        run().resolve("below").toString(), new Configuration(), CONFIG, "f", false, "test", log::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(run().resolve("below").toString());
    }

    @Test
    void withoutWritePermissionARunNeitherStartsNorGoesOn() {
        Configuration readOnly = FaultyFileSystem.configuration();
        readOnly.setBoolean(FaultyFileSystem.READ_ONLY, true);
        String uri = "faulty://" + run();

        assertThatThrownBy(() -> RunDirectory.open(uri, readOnly, CONFIG, "data-1", false, "test", log::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("Permission denied")
                .hasMessageContaining(run().toString());
        open(CONFIG, "data-1").close();
        assertThatThrownBy(() -> RunDirectory.open(uri, readOnly, CONFIG, "data-1", false, "test", log::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("Give read and write permission");
    }

    @Test
    void metricsAreKeptOnAFileSystemThatCannotAppend() {
        RunDirectory run = RunDirectory.open(
                "faulty://" + run(), FaultyFileSystem.configuration(), CONFIG, "data-1", false, "test", log::add);
        run.metrics().append(1, Map.of("loss", 2));
        run.metrics().append(2, Map.of("loss", 1));
        assertThat(run.metrics().read()).containsExactly(Map.of("round", 1, "loss", 2), Map.of("round", 2, "loss", 1));
        run.close();
    }

    @Test
    void provenanceNamesVersionsAndInputs() throws IOException {
        RunDirectory run = open(CONFIG, "data-1");
        Instant start = Instant.parse("2025-01-01T00:00:00Z");
        run.write(new Provenance(
                        "data-1",
                        Map.of("seed", 1L),
                        Map.of("data", "ab"),
                        Versions.current(),
                        Map.of(),
                        Map.of(),
                        start,
                        null)
                .endedAt(start.plusSeconds(60)));

        JsonNode json =
                new ObjectMapper().readTree(run().resolve("provenance.json").toFile());
        assertThat(json.path("versions").path("spark").asText()).isEqualTo("3.5.5");
        assertThat(json.path("versions").path("dl4j").asText()).isEqualTo("1.0.0-M2.1");
        assertThat(json.path("versions").path("jdk").asText()).startsWith("17");
        assertThat(json.path("sha256").path("data").asText()).isEqualTo("ab");
        assertThat(json.path("ended").asText()).isEqualTo("2025-01-01T00:01:00Z");
    }

    @Test
    void aRunThatGoesOnKeepsTheTimeOfItsFirstSubmission() throws IOException {
        Instant first = Instant.parse("2025-01-01T00:00:00Z");
        open(CONFIG, "data-1").write(started(first));
        open(CONFIG, "data-1").write(started(first.plusSeconds(3600)));
        JsonNode json =
                new ObjectMapper().readTree(run().resolve("provenance.json").toFile());
        assertThat(json.path("started").asText()).isEqualTo("2025-01-01T00:00:00Z");

        Files.writeString(run().resolve("provenance.json"), "cut sh");
        open(CONFIG, "data-1").write(started(first.plusSeconds(7200)));
        assertThat(run().resolve("provenance.json")).content().contains("2025-01-01T02:00:00Z");
    }

    private static Provenance started(Instant start) {
        return new Provenance("data-1", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), start, null);
    }

    private Path run() {
        return folder.resolve("run");
    }

    /** Opens it as the driver after the last one, which has ended. */
    private RunDirectory open(String config, String fingerprint) {
        if (opened != null) {
            opened.close();
        }
        opened = RunDirectory.open(run().toString(), new Configuration(), config, fingerprint, false, "test", log::add);
        return opened;
    }

    private RunDirectory read() {
        return RunDirectory.read(run().toString(), new Configuration(), log::add);
    }

    private static Checkpoint checkpoint(int round) {
        return new Checkpoint(round, round, new float[] {round}, new float[0], null, null, Map.of());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
