package org.erat.monitoring;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.annotation.Nullable;
import org.apache.spark.SparkContext;
import org.apache.spark.Success$;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import scala.collection.JavaConverters;

/**
 * The reason of the last task failure and the end of that executor's log. If no task has failed, those of the first
 * executor that was removed. The log is fetched from where Spark's UI would show it: a Worker of a standalone cluster or
 * a NodeManager of YARN. In local mode the only log is the driver's own.
 */
public final class FailedTaskLog extends SparkListener {
    private static final int LINES = 50;
    private static final int BYTES = 16_384;
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Pattern PREFORMATTED = Pattern.compile("(?s)<pre[^>]*>(.*?)</pre>");

    private final SparkContext spark;
    private final Map<String, String> logs = new HashMap<>();
    private final Map<Integer, String> stages = new HashMap<>();

    @Nullable
    private Failure last;

    private record Failure(String task, String reason, @Nullable String log) {}

    private FailedTaskLog(SparkContext spark) {
        this.spark = spark;
    }

    /** Starts to listen to an application. */
    public static FailedTaskLog of(SparkContext spark) {
        FailedTaskLog log = new FailedTaskLog(spark);
        spark.addSparkListener(log);
        return log;
    }

    @Override
    public synchronized void onExecutorAdded(SparkListenerExecutorAdded event) {
        String log =
                JavaConverters.mapAsJavaMap(event.executorInfo().logUrlMap()).get("stderr");
        if (log != null) {
            logs.put(event.executorId(), log);
        }
    }

    @Override
    public synchronized void onStageSubmitted(SparkListenerStageSubmitted event) {
        stages.put(event.stageInfo().stageId(), event.stageInfo().name());
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd event) {
        if (event.reason() == Success$.MODULE$ || event.reason() instanceof TaskKilled) {
            return;
        }
        String executor = event.taskInfo().executorId();
        last = new Failure(
                String.format(
                        "task %d of stage %d (%s), attempt %d on executor %s at %s",
                        event.taskInfo().index(),
                        event.stageId(),
                        stages.getOrDefault(event.stageId(), "unnamed"),
                        event.taskInfo().attemptNumber() + 1,
                        executor,
                        event.taskInfo().host()),
                event.reason() instanceof TaskFailedReason reason
                        ? reason.toErrorString()
                        : String.valueOf(event.reason()),
                logs.get(executor));
    }

    @Override
    public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved event) {
        if (last == null) {
            String id = event.executorId();
            last = new Failure("executor " + id, event.reason(), logs.get(id));
        }
    }

    /** The failure and the last lines of the log; empty if nothing has failed. Takes a few seconds at most. */
    public List<String> lines() {
        try {
            // The last failure may not have reached this listener yet.
            spark.listenerBus().waitUntilEmpty(PATIENCE.toMillis());
        } catch (TimeoutException e) {
            // The failure before that is the best there is.
        }
        return describe(failure());
    }

    @Nullable
    private synchronized Failure failure() {
        return last;
    }

    private static List<String> describe(@Nullable Failure failure) {
        if (failure == null) {
            return List.of();
        }
        List<String> lines = new ArrayList<>();
        lines.add("the last failure was that of " + failure.task() + ":");
        failure.reason().lines().limit(LINES).forEach(line -> lines.add("  " + line));
        if (failure.log() != null) {
            lines.add("the last lines of its log, " + failure.log() + ":");
            tail(failure.log()).forEach(line -> lines.add("  " + line));
        }
        return lines;
    }

    private static List<String> tail(String page) {
        HttpClient client = HttpClient.newBuilder()
                .connectTimeout(PATIENCE)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(plain(page)))
                .timeout(PATIENCE)
                .build();
        try {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                return List.of("(cannot be fetched: HTTP status " + response.statusCode() + ")");
            }
            List<String> lines = text(response.body()).lines().toList();
            return lines.subList(Math.max(0, lines.size() - LINES), lines.size());
        } catch (IOException e) {
            return List.of("(cannot be fetched: " + e + ")");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of("(cannot be fetched: interrupted)");
        }
    }

    /** The URL of the end of the log as plain text, from that of a page of Spark's UI that shows it. */
    static String plain(String page) {
        if (page.contains("/logPage")) {
            return page.replaceFirst("/logPage/?", "/log/") + "&byteLength=" + BYTES;
        }
        return page.contains("start=") ? page.replaceFirst("start=-?\\d+", "start=-" + BYTES) : page;
    }

    /** Text of a page, without HTML. */
    static String text(String body) {
        Matcher preformatted = PREFORMATTED.matcher(body);
        StringBuilder text = new StringBuilder();
        while (preformatted.find()) {
            text.append(preformatted.group(1)).append('\n');
        }
        return text.isEmpty()
                ? body
                : text.toString()
                        .replaceAll("<[^>]*>", "")
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&quot;", "\"")
                        .replace("&amp;", "&");
    }
}
