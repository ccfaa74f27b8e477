package org.erat.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {
    @TempDir
    Path folder;

    private final List<String> log = new ArrayList<>();
    private RunDirectory run;
    private Checkpoints checkpoints;

    @BeforeEach
    void open() {
        run = RunDirectory.open(
                folder.resolve("run").toString(), new Configuration(), "seed=1", "f", false, "test", log::add);
        checkpoints = run.checkpoints();
    }

    @AfterEach
    void close() {
        run.close();
    }

    @Test
    void aCheckpointComesBackBitForBit() {
        // More values than one chunk of the writer, and values that only bits tell apart.
        float[] params = new float[200_001];
        for (int i = 0; i < params.length; i++) {
            params[i] = Float.intBitsToFloat(i * 0x9E3779B9);
        }
        params[0] = -0f;
        params[1] = Float.intBitsToFloat(0x7fc00001);
        Checkpoint saved = new Checkpoint(
                7, 1L << 40, params, new float[] {1, 2}, new float[] {3}, new float[] {4, 5}, Map.of("epoch", "2 é\n"));

        checkpoints.save(saved);
        Checkpoint read = checkpoints.latestValid().orElseThrow();

        assertThat(read.round()).isEqualTo(7);
        assertThat(read.step()).isEqualTo(1L << 40);
        assertThat(bits(read.params())).isEqualTo(bits(params));
        assertThat(read.optimizer()).containsExactly(1, 2);
        assertThat(read.momentum()).containsExactly(3);
        assertThat(read.best()).containsExactly(4, 5);
        assertThat(read.extra()).containsExactlyEntriesOf(Map.of("epoch", "2 é\n"));
        assertThat(log).isEmpty();
    }

    @Test
    void noMomentumAndNoBestRoundComeBackAsNone() {
        checkpoints.save(checkpoint(1));
        assertThat(checkpoints.latestValid().orElseThrow().momentum()).isNull();
        assertThat(checkpoints.latestValid().orElseThrow().best()).isNull();
    }

    @Test
    void aRoundThatIsSavedAgainReplacesTheFirst() throws IOException {
        checkpoints.save(checkpoint(1));
        checkpoints.save(new Checkpoint(1, 5, new float[] {9}, new float[0], null, null, Map.of()));

        assertThat(checkpoints.latestValid().orElseThrow().params()).containsExactly(9);
        assertThat(names()).containsExactly("round-000001");
    }

    @ParameterizedTest
    @ValueSource(strings = {"params.f32", "optimizer.f32", "state.json", "checksums.json"})
    void aTruncatedFileMakesThePreviousCheckpointTheLatest(String name) throws IOException {
        saveTwo();
        Path file = file(name);
        try (RandomAccessFile truncated = new RandomAccessFile(file.toFile(), "rw")) {
            truncated.setLength(truncated.length() - 3);
        }
        expectFirstWith(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"params.f32", "optimizer.f32", "state.json", "checksums.json"})
    void aMissingFileMakesThePreviousCheckpointTheLatest(String name) throws IOException {
        saveTwo();
        Files.delete(file(name));
        expectFirstWith(name + " is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"params.f32", "optimizer.f32", "state.json"})
    void aFlippedBitInAnyByteMakesThePreviousCheckpointTheLatest(String name) throws IOException {
        saveTwo();
        byte[] original = Files.readAllBytes(file(name));
        // One bit of each byte; in text all eight would take long and prove no more.
        for (int at = 0; at < original.length; at++) {
            byte[] flipped = original.clone();
            flipped[at] ^= (byte) (1 << (at % 8));
            Files.write(file(name), flipped);
            assertThat(checkpoints.latestValid().orElseThrow().round())
                    .as("byte %d", at)
                    .isEqualTo(1);
        }
    }

    @Test
    void aFlippedBitInTheChecksumsIsNeverMistakenForOtherContent() throws IOException {
        saveTwo();
        byte[] original = Files.readAllBytes(file("checksums.json"));
        // One bit of each byte; in text all eight would take long and prove no more.
        for (int at = 0; at < original.length; at++) {
            byte[] flipped = original.clone();
            flipped[at] ^= (byte) (1 << (at % 8));
            Files.write(file("checksums.json"), flipped);
            // A flip in white space changes nothing that is read.
            Checkpoint read = checkpoints.latestValid().orElseThrow();
            assertThat(read.params()).containsExactly(read.round(), 0.5f);
        }
    }

    @Test
    void withoutAValidCheckpointTheRunStartsOver() throws IOException {
        saveTwo();
        Files.delete(file("state.json"));
        Files.delete(folder.resolve("run/checkpoints/round-000001/state.json"));

        assertThat(checkpoints.latestValid()).isEmpty();
        assertThat(log).hasSize(3);
        assertThat(log.get(2)).contains("starting from the first round");
    }

    @Test
    void pruningKeepsTheNewestAndThoseOfLowestLoss() {
        for (int round = 1; round <= 6; round++) {
            checkpoints.save(checkpoint(round));
        }
        // Of round 4 nothing is known.
        double[] loss = {0, 0.5, 0.2, 0.3, Double.NaN, 0.1, 0.4};

        checkpoints.prune(1, 3, round -> loss[round]);
        assertThat(checkpoints.rounds()).containsExactly(2, 3, 5, 6);
        checkpoints.prune(2, 1, round -> loss[round]);
        assertThat(checkpoints.rounds()).containsExactly(5, 6);
        checkpoints.prune(1, 0, round -> loss[round]);
        assertThat(checkpoints.rounds()).containsExactly(6);
    }

    @Test
    void goingBackForgetsWhatCameAfter() {
        for (int round = 1; round <= 5; round++) {
            run.metrics().append(round, Map.of("loss", 1));
            checkpoints.save(checkpoint(round));
        }
        assertThat(run.goBack(round -> round % 2 == 0).orElseThrow().round()).isEqualTo(4);
        assertThat(checkpoints.rounds()).containsExactly(1, 2, 3, 4);
        assertThat(run.metrics().read()).hasSize(4);

        assertThat(run.goBack(round -> round > 4)).isEmpty();
        assertThat(checkpoints.rounds()).isEmpty();
        assertThat(run.metrics().read()).isEmpty();
    }

    @Test
    void aFullDiskLeavesThePreviousCheckpointAndNothingHalfWritten() throws IOException {
        checkpoints.save(checkpoint(1));
        run.close();
        Configuration full = FaultyFileSystem.configuration();
        // Room for the lease, the probe of write permission and a part of the checkpoint.
        full.setLong(FaultyFileSystem.BYTES_FREE, 400);
        run = RunDirectory.open("faulty://" + folder.resolve("run"), full, "seed=1", "f", true, "test", log::add);
        Checkpoints filling = run.checkpoints();

        assertThatThrownBy(() -> filling.save(checkpoint(2)))
                .isInstanceOfSatisfying(
                        ResumableException.class, e -> assertThat(e.exitCode()).isEqualTo(5))
                .hasMessageContaining("round-000002")
                .hasMessageContaining("No space left on device");
        assertThat(names()).containsExactly("round-000001");
        assertThat(checkpoints.latestValid().orElseThrow().params()).containsExactly(1, 0.5f);
    }

    private void saveTwo() {
        checkpoints.save(checkpoint(1));
        checkpoints.save(checkpoint(2));
    }

    private void expectFirstWith(String reason) {
        assertThat(checkpoints.latestValid().orElseThrow().round()).isEqualTo(1);
        assertThat(log).hasSize(1);
        assertThat(log.get(0)).contains("round-000002", reason, "going back to the one before it");
    }

    private Path file(String name) {
        return folder.resolve("run/checkpoints/round-000002").resolve(name);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("run/checkpoints"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private static Checkpoint checkpoint(int round) {
        return new Checkpoint(
                round, round * 10L, new float[] {round, 0.5f}, new float[] {0.25f}, null, null, Map.of("shards", "2"));
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
