package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Executors that come and go while a run with more shards than cores goes on. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class ElasticFaultsIT {
    private final Project project = Project.shared();

    @Test
    void anExecutorAddedAndOneLostInMidRunChangeNothing() {
        Path undisturbed = project.folder().resolve("five-shards-undisturbed");
        new Run(project, undisturbed.toString(), Map.of("spark.master", "local[2]"), List.of("training.shards=5"))
                .submitToTheEnd();
        try (Standalone cluster = Standalone.start(Scratch.folder("elastic"), 1)) {
            Run run = Run.on(cluster, project, "five-shards")
                    .set("training.shards=5")
                    .with("spark.dynamicAllocation.enabled", "true")
                    .with("spark.dynamicAllocation.shuffleTracking.enabled", "true")
                    .with("spark.dynamicAllocation.minExecutors", "1")
                    .with("spark.dynamicAllocation.maxExecutors", "2")
                    .with("spark.dynamicAllocation.executorIdleTimeout", "10min")
                    .with("spark.executor.cores", "1");
            try (Started driver = run.submit()) {
                run.awaitRound(3, driver);
                assertThat(Run.executors(driver)).as(driver.said()).hasSize(1);
                Started second = cluster.addWorker();
                driver.awaitLine("executor 1 added: 127.0.0.12");
                int withTwo = run.round() + 2;
                run.awaitRound(withTwo, driver);
                // The machine of the first executor is gone, with all that it held.
                cluster.workers().get(0).close();
                driver.awaitLine("executor 0 lost (");
                assertThat(driver.isAlive()).as(driver.said()).isTrue();
                assertThat(second.isAlive()).isTrue();
                assertThat(driver.exitCode()).as(driver.said()).isZero();
            }
            run.assertSameAs(undisturbed);
        }
        FaultTable.row(
                "five shards on one core: an executor added, then the first one's machine lost (dynamic allocation)",
                1,
                "went on with what there was; same adapter");
    }
}
