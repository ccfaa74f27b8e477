package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.erat.cluster.ChildProcess;
import org.erat.cluster.Project;
import org.erat.cluster.Run;
import org.erat.cluster.Scratch;
import org.erat.cluster.StandaloneCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A driver that is killed, and the same command submitted again. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class DriverFaultsIT {
    private static final long SEED = 10;
    private static final int KILLS = 5;

    private final Project project = Project.shared();

    @Test
    void aDriverKilledAtRandomMomentsGoesOnWhenSubmittedAgain() {
        Random random = new Random(SEED);
        System.out.println("moments from seed " + SEED);
        List<Integer> rounds =
                random.ints(KILLS, 1, Project.ROUNDS - 1).sorted().boxed().toList();
        try (StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("killed-driver"), 2)) {
            Run run = project.run("killed driver").on(cluster.url());
            for (int round : rounds) {
                try (ChildProcess driver = run.submit()) {
                    driver.awaitLine("rounds of");
                    run.awaitRound(round, driver);
                    Moments.pass(Duration.ofMillis(random.nextInt(1000)));
                    driver.kill();
                    driver.exits(ChildProcess.KILLED);
                }
                cluster.awaitNoExecutors();
            }
            ChildProcess last = run.submitToTheEnd();
            assertThat(last.lines()).as(last.said()).anyMatch(line -> line.contains("going on after round "));
            project.assertSameAsUndisturbed(run.path());
        }
        FaultTable.row(
                "driver killed (SIGKILL) at a random moment, submitted again",
                KILLS,
                "went on from the last checkpoint; same adapter");
    }

    @Test
    void aDriverKilledWithinAWriteLeavesWhatWasThere() throws IOException {
        Path moment = Scratch.folder("moment").resolve("moment");
        Path directory = project.folder().resolve("killed-within-a-write");
        Run run = project.runAt(KillingFileSystem.SCHEME + "://" + directory).on("local[2]");
        run.command()
                .spark("spark.hadoop.fs.killing.impl", KillingFileSystem.class.getName())
                .spark("spark.hadoop." + KillingFileSystem.MOMENT_FILE, moment.toString());
        List<String> moments = List.of(
                "WITHIN_WRITE config.conf 0",
                "WITHIN_WRITE params.f32 2",
                "BEFORE_RENAME round- 2",
                "WITHIN_WRITE metrics.jsonl 5",
                "AFTER_RENAME round- 2",
                "WITHIN_WRITE adapter_model.safetensors 0");
        for (String each : moments) {
            Files.writeString(moment, each);
            try (ChildProcess driver = run.submit()) {
                driver.exits(ChildProcess.KILLED);
                assertThat(driver.lines()).as(driver.said()).anyMatch(line -> line.startsWith("killed: "));
            }
        }
        ChildProcess last = run.submitToTheEnd();
        assertThat(last.lines())
                .as(last.said())
                .anyMatch(line -> line.contains("going on after round " + Project.ROUNDS + " of " + Project.ROUNDS));
        project.assertSameAsUndisturbed(directory);
        FaultTable.row(
                "driver killed (SIGKILL) within a write: configuration, checkpoint (3 places), metrics, adapter",
                moments.size(),
                "went on from the last whole checkpoint; same adapter");
    }
}
