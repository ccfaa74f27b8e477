package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A driver that is killed, and the same command submitted again. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class DriverFaultsIT {
    private static final long SEED = 10;
    private static final int KILLS = 5;
    private static final int SIGKILL = 128 + 9;

    private final Project project = Project.shared();

    @Test
    void aDriverKilledAtRandomMomentsGoesOnWhenSubmittedAgain() {
        Random random = new Random(SEED);
        System.out.println("moments from seed " + SEED);
        List<Integer> rounds =
                random.ints(KILLS, 1, Project.ROUNDS - 1).sorted().boxed().toList();
        try (Standalone cluster = Standalone.start(Scratch.folder("killed-driver"), 2)) {
            Run run = Run.on(cluster, project, "killed driver");
            for (int round : rounds) {
                try (Started driver = run.submit()) {
                    driver.awaitLine("rounds of");
                    run.awaitRound(round, driver);
                    Moments.pass(Duration.ofMillis(random.nextInt(1000)));
                    driver.kill();
                    assertThat(driver.exitCode()).as(driver.said()).isEqualTo(SIGKILL);
                }
                cluster.awaitNoExecutors();
            }
            Started last = run.submitToTheEnd();
            assertThat(last.lines()).as(last.said()).anyMatch(line -> line.contains("going on after round "));
            run.assertSameAsUndisturbed();
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
        Run run = new Run(
                project,
                KillingFileSystem.SCHEME + "://" + directory,
                Map.of(
                        "spark.master",
                        "local[2]",
                        "spark.hadoop.fs.killing.impl",
                        KillingFileSystem.class.getName(),
                        "spark.hadoop." + KillingFileSystem.MOMENT_FILE,
                        moment.toString()),
                List.of());
        List<String> moments = List.of(
                "WITHIN_WRITE config.conf 0",
                "WITHIN_WRITE params.f32 2",
                "BEFORE_RENAME round- 2",
                "WITHIN_WRITE metrics.jsonl 5",
                "AFTER_RENAME round- 2",
                "WITHIN_WRITE adapter_model.safetensors 0");
        for (String each : moments) {
            Files.writeString(moment, each);
            try (Started driver = run.submit()) {
                assertThat(driver.exitCode()).as(driver.said()).isEqualTo(SIGKILL);
                assertThat(driver.lines()).as(driver.said()).anyMatch(line -> line.startsWith("killed: "));
            }
        }
        Started last = run.submitToTheEnd();
        assertThat(last.lines())
                .as(last.said())
                .anyMatch(line -> line.contains("going on after round " + Project.ROUNDS + " of " + Project.ROUNDS));
        run.in(directory.toString()).assertSameAsUndisturbed();
        FaultTable.row(
                "driver killed (SIGKILL) within a write: configuration, checkpoint (3 places), metrics, adapter",
                moments.size(),
                "went on from the last whole checkpoint; same adapter");
    }
}
