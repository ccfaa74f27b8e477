package org.erat.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListenerApplicationEnd;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.cluster.ExecutorInfo;
import org.junit.jupiter.api.Test;

/** {@code -Pfaults} has the same lines from executors that are killed. */
class ClusterLogTest {
    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private final ClusterLog log = new ClusterLog(2, lines::add);

    private static SparkListenerExecutorAdded added(String id) {
        return new SparkListenerExecutorAdded(
                0, id, new ExecutorInfo("host", 3, scala.collection.immutable.Map$.MODULE$.empty()));
    }

    @Test
    void anExecutorIsAddedAndLostOrDoesNotStart() {
        log.onExecutorAdded(added("driver"));
        log.onExecutorAdded(added("0"));
        log.onExecutorRemoved(new SparkListenerExecutorRemoved(0, "0", "Command exited with code 137\nsecond line"));
        log.onExecutorRemoved(new SparkListenerExecutorRemoved(0, "1", "x".repeat(301)));
        assertThat(lines)
                .containsExactly(
                        "executor 0 added: host, cores: 3",
                        "executor 0 lost (Command exited with code 137): its tasks run again",
                        "executor 1 did not start (" + "x".repeat(300) + "…)");
    }

    @Test
    void executorsThatEndWithTheApplicationAreNotLost() {
        log.onExecutorAdded(added("0"));
        log.onApplicationEnd(new SparkListenerApplicationEnd(0));
        log.onExecutorRemoved(new SparkListenerExecutorRemoved(0, "0", "killed"));
        assertThat(lines).containsExactly("executor 0 added: host, cores: 3");
    }

    @Test
    void aFailedTaskIsNamedByItsPhaseAndAttempt() throws TimeoutException {
        SparkConf conf = new SparkConf(false)
                .setMaster("local[1,2]")
                .setAppName("a task that fails once")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1");
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            spark.sc().addSparkListener(log);
            Phase.named(spark.sc(), "a phase", () -> spark.parallelize(List.of(1, 2), 2)
                    .map(ClusterLogTest::failAtFirst)
                    .collect());
            spark.sc().listenerBus().waitUntilEmpty(TimeUnit.MINUTES.toMillis(1));
        }
        assertThat(lines)
                .containsExactly("task 1 of a phase failed on executor driver"
                        + " (java.lang.IllegalStateException: the device is on fire), attempt 1 of 2: it runs again");
    }

    private static int failAtFirst(int value) {
        if (value == 2 && TaskContext.get().attemptNumber() == 0) {
            throw new IllegalStateException("the device is on fire");
        }
        return value;
    }
}
