package org.erat.data.text;

import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.SparkStatusTracker;
import org.apache.spark.sql.SparkSession;

/** Runs a Spark action under a description for people and reports how far it is. */
final class WatchedJob {
    private static final int SECONDS_BETWEEN_REPORTS = 4;

    private final SparkStatusTracker tracker;
    private final String group;
    private final String description;
    private final Consumer<String> progress;

    private WatchedJob(SparkSession spark, String group, String description, Consumer<String> progress) {
        this.tracker = spark.sparkContext().statusTracker();
        this.group = group;
        this.description = description;
        this.progress = progress;
    }

    /** Runs {@code action}, all of whose Spark jobs get {@code description}. */
    static void run(SparkSession spark, String description, Consumer<String> progress, Runnable action) {
        String group = "prepare-data-" + UUID.randomUUID();
        WatchedJob watched = new WatchedJob(spark, group, description, progress);
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "progress");
            thread.setDaemon(true);
            return thread;
        });
        spark.sparkContext().setJobGroup(group, description, true);
        ScheduledFuture<?> reports = timer.scheduleAtFixedRate(
                watched::report, SECONDS_BETWEEN_REPORTS, SECONDS_BETWEEN_REPORTS, TimeUnit.SECONDS);
        try {
            action.run();
        } finally {
            reports.cancel(false);
            timer.shutdown();
            spark.sparkContext().clearJobGroup();
        }
    }

    private void report() {
        int done = 0;
        int all = 0;
        for (int job : tracker.getJobIdsForGroup(group)) {
            var info = tracker.getJobInfo(job);
            if (info.isDefined()) {
                for (int stage : info.get().stageIds()) {
                    var stageInfo = tracker.getStageInfo(stage);
                    if (stageInfo.isDefined()) {
                        SparkStageInfo each = stageInfo.get();
                        done += each.numCompletedTasks();
                        all += each.numTasks();
                    }
                }
            }
        }
        if (done < all) {
            progress.accept(String.format("%s: %d of %d parts", description, done, all));
        }
    }
}
