package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.erat.cluster.ChildProcess;
import org.erat.cluster.Processes;
import org.erat.cluster.Project;
import org.erat.cluster.Run;
import org.erat.cluster.Scratch;
import org.erat.cluster.StandaloneCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Executors that stand still, for a while or for good, and tasks that fail again and again. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class SlowFaultsIT {
    private static final long SEED = 3;
    private static final Duration STILL = Duration.ofSeconds(15);

    private final Project project = Project.shared();

    @Test
    void executorsThatStandStillAndCopiesOfTheirTasksChangeNothing() throws IOException {
        Random random = new Random(SEED);
        System.out.println("executors from seed " + SEED);
        List<Integer> rounds = List.of(3, 10, 17);
        try (StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("slow-executors"), 2)) {
            Run run = withSpeculation(cluster, "slow executors");
            try (ChildProcess driver = run.submit()) {
                for (int round : rounds) {
                    run.awaitRound(round, driver);
                    long copies = driver.count(SlowFaultsIT::tellsOfACopy);
                    ProcessHandle slow = one(cluster, driver, random);
                    Processes.signal(slow, "STOP");
                    try {
                        Moments.pass(STILL);
                    } finally {
                        Processes.signal(slow, "CONT");
                    }
                    assertThat(driver.count(SlowFaultsIT::tellsOfACopy))
                            .as(driver.said())
                            .isGreaterThan(copies);
                }
                driver.exits(0);
            }
            project.assertSameAsUndisturbed(run.path());
        }
        FaultTable.row(
                "executor paused for " + STILL.toSeconds() + " s (SIGSTOP), speculation on",
                rounds.size(),
                "a copy of its task was started elsewhere; same adapter");
    }

    @Test
    void anExecutorThatStandsStillForGoodIsGivenUp() throws IOException {
        try (StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("still-executor"), 2)) {
            Run run = withSpeculation(cluster, "still executor");
            try (ChildProcess driver = run.submit()) {
                run.awaitRound(3, driver);
                ProcessHandle still = one(cluster, driver, new Random(SEED));
                Processes.signal(still, "STOP");
                driver.awaitLine(" lost (Executor heartbeat timed out after ");
                driver.exits(0);
            }
            project.assertSameAsUndisturbed(run.path());
        }
        FaultTable.row(
                "executor paused for good (SIGSTOP), speculation on",
                1,
                "given up after a minute without a sign of life, its tasks ran again; same adapter");
    }

    private Run withSpeculation(StandaloneCluster cluster, String name) {
        Run run = project.run(name).on(cluster.url());
        run.command().spark("spark.speculation", "true").spark("spark.speculation.interval", "200ms");
        return run;
    }

    private static ProcessHandle one(StandaloneCluster cluster, ChildProcess driver, Random random) {
        List<String> executors = Run.executors(driver);
        assertThat(executors).as(driver.said()).hasSize(2);
        return cluster.executor(executors.get(random.nextInt(2)));
    }

    private static boolean tellsOfACopy(String line) {
        return line.contains(" is slow: a copy of it runs on executor ");
    }

    @Test
    void tasksThatFailThreeTimesSucceedTheFourth() {
        Run run = project.run("failing-tasks").on("local-cluster[2,1,1024]");
        run.command().spark("spark.serializer", FailingSerializer.class.getName());
        ChildProcess driver = run.submitToTheEnd();
        assertThat(driver.count(line -> line.contains(FailingSerializer.MESSAGE) && line.endsWith(": it runs again")))
                .as(driver.said())
                .isEqualTo(2 * FailingSerializer.FAILURES);
        project.assertSameAsUndisturbed(run.path());
        FaultTable.row("task that fails three times and succeeds the fourth", 2, "same adapter");
    }
}
