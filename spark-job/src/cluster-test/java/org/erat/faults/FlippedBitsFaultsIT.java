package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.erat.data.basemodel.BaseModelImporter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bits that flip on a disk or on the network. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class FlippedBitsFaultsIT {
    private static final long SEED = 5;

    private final Project project = Project.shared();
    private final Random random = new Random(SEED);

    @Test
    void aFlippedBitInACheckpointIsSeenAndTheOneBeforeIsUsed() {
        Path directory = project.folder().resolve("flipped-checkpoint");
        Run run = new Run(project, directory.toString(), Map.of("spark.master", "local[2]"), List.of());
        try (Started driver = run.submit()) {
            run.awaitRound(8, driver);
            driver.kill();
            assertThat(driver.exitCode()).isNotZero();
        }
        List<Path> checkpoints = Project.list(directory.resolve("checkpoints"));
        Path newest = checkpoints.get(checkpoints.size() - 1);
        flipOneBit(newest.resolve("optimizer.f32"));

        Started rerun = run.submitToTheEnd();

        assertThat(rerun.lines()).as(rerun.said()).anySatisfy(line -> assertThat(line)
                .contains(
                        newest.toString(), "optimizer.f32 does not match its SHA-256", "going back to the one before"));
        run.assertSameAsUndisturbed();
        FaultTable.row("bit flipped in a checkpoint", 1, "found by SHA-256; went on from the one before; same adapter");
    }

    @Test
    void aFlippedBitInABroadcastBlockIsSeenAndTheBlockFetchedAgain() {
        int calls = Standalone.freePort();
        int blocks = Standalone.freePort();
        String host = "127.0.0.9";
        // Blocks 0 to 3 of the run pass while executors start; from there on every seventh.
        Set<Integer> flipped = Set.of(4, 11, 18, 25);
        try (Standalone cluster = Standalone.start(Scratch.folder("flipped-broadcast"), 2);
                FlippingProxy untouched = FlippingProxy.start(host, calls, Set.of());
                FlippingProxy proxy = FlippingProxy.start(host, blocks, flipped)) {
            Run run = Run.on(cluster, project, "flipped-broadcast")
                    .with("spark.driver.blockManager.port", Integer.toString(blocks))
                    .with("spark.port.maxRetries", "0")
                    .with("spark.driver.host", host)
                    .with("spark.driver.port", Integer.toString(calls));
            try (Started driver = run.submit()) {
                assertThat(driver.exitCode()).as(driver.said()).isZero();
                assertThat(untouched.flips()).isZero();
                assertThat(proxy.flips()).isEqualTo(flipped.size());
                assertThat(driver.count(line ->
                                line.contains("corrupt remote block broadcast_") && line.endsWith("runs again")))
                        .as(driver.said())
                        .isEqualTo(flipped.size());
            }
            run.assertSameAsUndisturbed();
        }
        FaultTable.row(
                "bit flipped in a broadcast block on its way to an executor",
                flipped.size(),
                "found by checksum; fetched again; same adapter");
    }

    @Test
    void aFlippedBitInTheBaseWeightsIsSeenBeforeTraining() {
        Path model = project.folder().resolve("imported-model");
        BaseModelImporter.importModel(project.tiny().model().toString(), model, line -> {});
        Path directory = project.folder().resolve("flipped-weights");
        Run run = new Run(
                project, directory.toString(), Map.of("spark.master", "local[1]"), List.of("model.path=" + model));
        Path weights = model.resolve("model.safetensors");
        flipOneBit(weights);
        try (Started driver = run.submit()) {
            assertThat(driver.exitCode()).as(driver.said()).isEqualTo(3);
            assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                    .startsWith("error: ")
                    .contains(weights.toString(), "SHA-256", "prepare"));
        }
        assertThat(directory.resolve("metrics.jsonl")).doesNotExist();
        FaultTable.row(
                "bit flipped in the base weights before the run", 1, "found by SHA-256; exit code 3, file named");
    }

    @Test
    void aFlippedBitInTheBaseWeightsOfAnExecutorThatJoinsIsSeen() throws IOException {
        Path model = project.folder().resolve("model-that-changes");
        Files.createDirectories(model);
        for (Path file : Project.list(project.tiny().model())) {
            Files.copy(file, model.resolve(file.getFileName()));
        }
        Path weights = model.resolve("model.safetensors");
        try (Standalone cluster = Standalone.start(Scratch.folder("flipped-executor-weights"), 1)) {
            Run run = Run.on(cluster, project, "flipped-executor-weights").set("model.path=" + model);
            try (Started driver = run.submit()) {
                run.awaitRound(5, driver);
                // In a new file: executors that run have the old one mapped.
                Path damaged = Files.copy(weights, model.resolve("damaged"));
                flipOneBit(damaged);
                Files.move(damaged, weights, StandardCopyOption.REPLACE_EXISTING);
                Started.signal(cluster.executor(Run.executors(driver).get(0)).orElseThrow(), "KILL");
                assertThat(driver.exitCode()).as(driver.said()).isEqualTo(3);
                assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                        .startsWith("error: ")
                        .contains(weights.toString(), "SHA-256", "prepare"));
            }
        }
        FaultTable.row(
                "bit flipped in the base weights that an executor loads in mid-run",
                1,
                "found by SHA-256; exit code 3, file named");
    }

    private void flipOneBit(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            // In the second half, where there are values and no header.
            int at = bytes.length / 2 + random.nextInt(bytes.length / 2);
            bytes[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, bytes);
            System.out.println("seed " + SEED + ": a bit of byte " + at + " of " + file + " is flipped");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
