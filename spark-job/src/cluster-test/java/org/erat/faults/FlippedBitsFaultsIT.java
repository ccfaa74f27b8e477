package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.erat.cluster.ChildProcess;
import org.erat.cluster.Project;
import org.erat.cluster.Run;
import org.erat.cluster.Scratch;
import org.erat.cluster.StandaloneCluster;
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
        Run run = project.run("flipped-checkpoint").on("local[2]");
        try (ChildProcess driver = run.submit()) {
            run.awaitRound(8, driver);
            driver.kill();
            driver.exits(ChildProcess.KILLED);
        }
        List<Path> checkpoints = list(run.path().resolve("checkpoints"));
        Path newest = checkpoints.get(checkpoints.size() - 1);
        flipOneBit(newest.resolve("optimizer.f32"));

        ChildProcess rerun = run.submitToTheEnd();

        assertThat(rerun.lines()).as(rerun.said()).anySatisfy(line -> assertThat(line)
                .contains(
                        newest.toString(), "optimizer.f32 does not match its SHA-256", "going back to the one before"));
        project.assertSameAsUndisturbed(run.path());
        FaultTable.row("bit flipped in a checkpoint", 1, "found by SHA-256; went on from the one before; same adapter");
    }

    @Test
    void aFlippedBitInABroadcastBlockIsSeenAndTheBlockFetchedAgain() {
        String host = "127.0.0.9";
        // Blocks 0 to 3 of the run pass while executors start; from there on every seventh.
        Set<Integer> flipped = Set.of(4, 11, 18, 25);
        try (StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("flipped-broadcast"), 2);
                FlippingProxy calls = FlippingProxy.start(host, Set.of());
                FlippingProxy blocks = FlippingProxy.start(host, flipped)) {
            Run run = project.run("flipped-broadcast").on(cluster.url());
            run.command()
                    .spark("spark.driver.blockManager.port", Integer.toString(blocks.port()))
                    .spark("spark.port.maxRetries", "0")
                    .spark("spark.driver.bindAddress", "127.0.0.1")
                    .spark("spark.driver.host", host)
                    .spark("spark.driver.port", Integer.toString(calls.port()));
            try (ChildProcess driver = run.submit()) {
                driver.exits(0);
                assertThat(calls.flips()).isZero();
                assertThat(blocks.flips()).isEqualTo(flipped.size());
                assertThat(driver.count(line ->
                                line.contains("corrupt remote block broadcast_") && line.endsWith("runs again")))
                        .as(driver.said())
                        .isEqualTo(flipped.size());
            }
            project.assertSameAsUndisturbed(run.path());
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
        Run run = project.run("flipped-weights").on("local[1]");
        run.command().set("model.path=" + model);
        Path weights = model.resolve("model.safetensors");
        flipOneBit(weights);
        try (ChildProcess driver = run.submit()) {
            driver.exits(3);
            assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                    .startsWith("error: ")
                    .contains(weights.toString(), "SHA-256", "prepare"));
        }
        assertThat(run.path().resolve("metrics.jsonl")).doesNotExist();
        FaultTable.row(
                "bit flipped in the base weights before the run", 1, "found by SHA-256; exit code 3, file named");
    }

    @Test
    void aFlippedBitInTheBaseWeightsOfAnExecutorThatJoinsIsSeen() throws IOException {
        Path model = project.folder().resolve("model-that-changes");
        Files.createDirectories(model);
        for (Path file : list(project.tiny().model())) {
            Files.copy(file, model.resolve(file.getFileName()));
        }
        Path weights = model.resolve("model.safetensors");
        try (StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("flipped-executor-weights"), 1)) {
            Run run = project.run("flipped-executor-weights").on(cluster.url());
            run.command().set("model.path=" + model);
            try (ChildProcess driver = run.submit()) {
                run.awaitRound(5, driver);
                // In a new file: executors that run have the old one mapped.
                Path damaged = Files.copy(weights, model.resolve("damaged"));
                flipOneBit(damaged);
                Files.move(damaged, weights, StandardCopyOption.REPLACE_EXISTING);
                cluster.executor(Run.executors(driver).get(0)).destroyForcibly();
                driver.exits(3);
                assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                        .startsWith("error: ")
                        .contains(weights.toString(), "SHA-256", "Prepare"));
            }
        }
        FaultTable.row(
                "bit flipped in the base weights that an executor loads in mid-run",
                1,
                "found by SHA-256; exit code 3, file named");
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
