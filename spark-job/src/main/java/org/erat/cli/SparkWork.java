package org.erat.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.TaskSchedulerImpl;
import org.erat.monitoring.FailedTaskLog;
import scala.collection.JavaConverters;

/**
 * Work in Spark that is over before Spark stops, its tasks too, whether it failed or the process is told to end. Under
 * tasks that go on, Spark would stop with pages of what it could not do with their results.
 */
final class SparkWork {
    /** After what is worth saving is saved, at 60, and before Spark stops, at 40. */
    private static final int BEFORE_SPARK_STOPS = 50;

    /** Tasks that cannot be interrupted are left to themselves. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final Duration LOOK = Duration.ofMillis(20);

    private final SparkContext spark;
    private final CountDownLatch over = new CountDownLatch(1);

    private SparkWork(SparkContext spark) {
        this.spark = spark;
    }

    /**
     * Does the work in this thread. Where it fails for a reason that no message of ours explains, what the failed task had
     * to say is shown.
     */
    static void run(SparkContext spark, Progress progress, Runnable work) {
        FailedTaskLog log = FailedTaskLog.of(spark);
        try {
            run(spark, work);
        } catch (RuntimeException | Error e) {
            if (Failure.of(e).ofTheCluster() && !Interruption.hasBegun()) {
                log.lines().forEach(progress::say);
            }
            if (!Failure.of(e).unexpected()) {
                SparkLog.end();
            }
            throw e;
        }
    }

    private static void run(SparkContext spark, Runnable work) {
        SparkWork guarded = new SparkWork(spark);
        Runnable ending = guarded::end;
        ShutdownHookManager hooks = ShutdownHookManager.get();
        hooks.addShutdownHook(ending, BEFORE_SPARK_STOPS, 2 * PATIENCE.toSeconds(), TimeUnit.SECONDS);
        try {
            work.run();
        } finally {
            guarded.awaitTasks();
            guarded.over.countDown();
            if (!hooks.isShutdownInProgress()) {
                hooks.removeShutdownHook(ending);
            }
        }
    }

    /** Takes away whatever the thread that works waits for, until it has given up. */
    private void end() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            do {
                if (!spark.isStopped()) {
                    spark.cancelAllJobs();
                }
            } while (!over.await(LOOK.toMillis(), TimeUnit.MILLISECONDS) && System.nanoTime() < deadline);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitTasks() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (anyTaskRuns() && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(LOOK.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean anyTaskRuns() {
        return spark.taskScheduler() instanceof TaskSchedulerImpl scheduler
                && JavaConverters.mapAsJavaMap(scheduler.runningTasksByExecutors()).values().stream()
                        .anyMatch(tasks -> !tasks.equals(0));
    }
}
