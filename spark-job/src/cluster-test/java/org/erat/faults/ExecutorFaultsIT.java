package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.erat.cluster.ChildProcess;
import org.erat.cluster.Project;
import org.erat.cluster.Run;
import org.erat.cluster.Scratch;
import org.erat.cluster.StandaloneCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Executors that are killed, on a standalone cluster. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class ExecutorFaultsIT {
    private static final long SEED = 20;
    private static final int KILLS = 20;

    private final Project project = Project.shared();

    @Test
    void executorsKilledInTheMiddleOfRoundsChangeNothing() {
        Random random = new Random(SEED);
        System.out.println("moments and executors from seed " + SEED);
        List<Integer> rounds =
                random.ints(KILLS, 0, Project.ROUNDS - 2).sorted().boxed().toList();
        try (StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("killed-executors"), 2)) {
            Run run = project.run("killed executors").on(cluster.url());
            try (ChildProcess driver = run.submit()) {
                for (int round : rounds) {
                    run.awaitRound(round, driver);
                    // Somewhere within the first second of the round: where, is what the seed decides.
                    Moments.pass(Duration.ofMillis(random.nextInt(1000)));
                    killOne(cluster, driver, random);
                }
                driver.exits(0);
                assertThat(driver.count(line -> line.contains(" lost (") && line.endsWith("): its tasks run again")))
                        .as(driver.said())
                        .isEqualTo(KILLS);
                System.out.println(driver.said());
            }
            project.assertSameAsUndisturbed(run.path());
        }
        FaultTable.row("executor killed (SIGKILL) within a round", KILLS, "its tasks ran again; same adapter");
    }

    private static void killOne(StandaloneCluster cluster, ChildProcess driver, Random random) {
        long lost = driver.count(line -> line.contains(" lost ("));
        Awaitility.await("an executor to kill")
                .atMost(ChildProcess.PATIENCE)
                .until(() -> !driver.isAlive() || !Run.executors(driver).isEmpty());
        List<String> live = new ArrayList<>(Run.executors(driver));
        assertThat(live).as(driver.said()).isNotEmpty();
        String victim = live.get(random.nextInt(live.size()));
        cluster.executor(victim).destroyForcibly();
        Awaitility.await("the driver to notice")
                .atMost(Duration.ofMinutes(1))
                .until(() -> driver.count(line -> line.contains(" lost (")) > lost);
    }
}
