package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.erat.cluster.ChildProcess;
import org.erat.cluster.Project;
import org.erat.cluster.Run;
import org.erat.cluster.Scratch;
import org.erat.cluster.StandaloneCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Executors that come and go while a run with more shards than cores goes on. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class ElasticFaultsIT {
    private final Project project = Project.shared();

    @Test
    void anExecutorAddedAndOneLostInMidRunChangeNothing() {
        Run undisturbed = project.run("five-shards-undisturbed").on("local[2]");
        undisturbed.command().set("training.shards=5").set("training.epochs=40");
        undisturbed.submitToTheEnd();
        try (StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("elastic"), 1)) {
            Run run = project.run("five-shards").on(cluster.url());
            run.command()
                    .set("training.shards=5")
                    // Long enough for an executor to start in the middle.
                    .set("training.epochs=40")
                    .spark("spark.dynamicAllocation.enabled", "true")
                    .spark("spark.dynamicAllocation.shuffleTracking.enabled", "true")
                    .spark("spark.dynamicAllocation.minExecutors", "1")
                    .spark("spark.dynamicAllocation.maxExecutors", "2")
                    .spark("spark.dynamicAllocation.executorIdleTimeout", "10min")
                    .spark("spark.executor.cores", "1");
            try (ChildProcess driver = run.submit()) {
                run.awaitRound(3, driver);
                assertThat(Run.executors(driver)).as(driver.said()).hasSize(1);
                ChildProcess second = cluster.addWorker();
                driver.awaitLine("executor 1 added: 127.0.0.12");
                int withTwo = run.round() + 2;
                run.awaitRound(withTwo, driver);
                // The machine of the first executor is gone, with all that it held.
                cluster.workers().get(0).kill();
                driver.awaitLine("executor 0 lost (");
                assertThat(driver.isAlive()).as(driver.said()).isTrue();
                assertThat(second.isAlive()).isTrue();
                driver.exits(0);
            }
            Project.assertSame(run.path(), undisturbed.path());
        }
        FaultTable.row(
                "five shards on one core: an executor added, then the first one's machine lost (dynamic allocation)",
                1,
                "went on with what there was; same adapter");
    }
}
