package org.erat.monitoring;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.FetchFailed;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerApplicationEnd;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/**
 * Logs what happens to executors and tasks while a command runs, one line for each event that an operator would ask
 * about. Spark calls it from one thread.
 */
public final class ClusterLog extends SparkListener {
    private static final int LONGEST_REASON = 300;

    private final int maxFailures;
    private final Consumer<String> log;
    private final Map<Integer, String> work = new HashMap<>();
    private final Set<String> running = new HashSet<>();
    private boolean ending;

    /**
     * A log for one application.
     *
     * @param maxFailures {@code spark.task.maxFailures}, 1 or more
     * @param log takes each line
     */
    public ClusterLog(int maxFailures, Consumer<String> log) {
        this.maxFailures = maxFailures;
        this.log = log;
    }

    @Override
    public void onExecutorAdded(SparkListenerExecutorAdded event) {
        if (!event.executorId().equals("driver")) {
            running.add(event.executorId());
            log.accept("executor " + event.executorId() + " added: "
                    + event.executorInfo().executorHost() + ", cores: "
                    + event.executorInfo().totalCores());
        }
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
        if (ending) {
            return;
        }
        String reason = " (" + firstLine(event.reason()) + ")";
        log.accept("executor " + event.executorId()
                + (running.remove(event.executorId())
                        ? " lost" + reason + ": its tasks run again"
                        : " did not start" + reason));
    }

    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted event) {
        String job = event.properties() == null ? null : event.properties().getProperty("spark.job.description");
        work.put(event.stageInfo().stageId(), job == null ? event.stageInfo().name() : job);
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart event) {
        if (event.taskInfo().speculative()) {
            log.accept(task(event.stageId(), event.taskInfo().index()) + " is slow: a copy of it runs on executor "
                    + event.taskInfo().executorId());
        }
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd event) {
        // A lost executor has its own line. A task that was killed because its copy was faster has not failed.
        boolean failed = event.reason() instanceof ExceptionFailure || event.reason() instanceof FetchFailed;
        if (!failed || ending) {
            return;
        }
        int attempt = event.taskInfo().attemptNumber() + 1;
        log.accept(task(event.stageId(), event.taskInfo().index()) + " failed on executor "
                + event.taskInfo().executorId() + " (" + reason((TaskFailedReason) event.reason()) + "), attempt "
                + attempt + " of " + maxFailures + (attempt < maxFailures ? ": it runs again" : ""));
    }

    @Override
    public void onApplicationEnd(SparkListenerApplicationEnd event) {
        ending = true;
    }

    private String task(int stage, int index) {
        return "task " + index + " of " + work.getOrDefault(stage, "stage " + stage);
    }

    private static String reason(TaskFailedReason reason) {
        if (reason instanceof ExceptionFailure failure) {
            return firstLine(failure.className() + ": " + failure.description());
        }
        if (reason instanceof FetchFailed) {
            return "its input was on a lost executor and is computed again";
        }
        return firstLine(reason.toErrorString());
    }

    private static String firstLine(String text) {
        String line = String.valueOf(text).strip().lines().findFirst().orElse("");
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "…";
    }
}
