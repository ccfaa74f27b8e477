package org.erat.tracking;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.TrackingSettings;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.RankMetrics;
import org.erat.tracking.Tracker.Ending;
import org.erat.tracking.Tracker.Point;

/**
 * Tells the tools that the configuration names what a run does. They are told from a thread of their own: a tool that is
 * slow delays no round, and one that fails is named once, and told all that it missed when it answers again.
 */
public final class Tracking implements AutoCloseable {
    /** For the files of a finished run. */
    private static final long MOST_SECONDS_AT_THE_END = 60;

    /** Between attempts to reach a tool that does not answer: each may take seconds, and rounds would queue up. */
    private static final long PAUSE = TimeUnit.SECONDS.toNanos(30);

    private final List<Tracker> trackers;
    private final Consumer<String> say;
    private final ExecutorService thread;

    /** When each tool that does not answer was told last, by {@link System#nanoTime}. */
    private final Map<Tracker, Long> failing = new HashMap<>();

    Tracking(List<Tracker> trackers, Consumer<String> say) {
        this.trackers = List.copyOf(trackers);
        this.say = say;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread own = new Thread(task, "tracking");
            own.setDaemon(true);
            return own;
        });
    }

    /**
     * The tools of a run, which are told nothing yet.
     *
     * @param parameters settings of the run by key, without secrets
     * @param tags what else a tool should show or find the run by
     * @param say takes a line for what a tool did not take
     */
    public static Tracking of(
            TrackingSettings settings,
            RunDirectory run,
            Map<String, String> parameters,
            Map<String, String> tags,
            Configuration hadoop,
            Consumer<String> say) {
        List<Tracker> trackers = new ArrayList<>();
        settings.folder()
                .ifPresent(folder ->
                        trackers.add(new TensorBoard(folder, run.path().getName(), parameters, hadoop)));
        settings.server()
                .ifPresent(server -> trackers.add(
                        new Mlflow(MlflowServer.at(server), settings.experiment(), run, parameters, tags, hadoop)));
        return new Tracking(trackers, say);
    }

    /**
     * Rounds begin or go on.
     *
     * @param step local steps that were made before
     */
    public void begin(long step) {
        tell(tracker -> tracker.begin(step));
    }

    /**
     * A round is complete.
     *
     * @param step local steps made by then
     * @param values numbers by name, and maps of numbers, whose names are joined by a slash; others are left out
     */
    public void round(long step, Map<String, ?> values) {
        Point point = point(step, values);
        tell(tracker -> tracker.record(point));
    }

    /** Quality was measured: metrics on an axis of ranks. */
    public void quality(Evaluation evaluation) {
        List<Point> points = new ArrayList<>();
        evaluation.prefixes().forEach((order, entries) -> {
            for (RankMetrics entry : entries) {
                points.add(point(entry.rank(), Map.of("quality by rank", Map.of(order.key(), entry.metrics()))));
            }
        });
        tell(tracker -> points.forEach(tracker::record));
    }

    /**
     * The run is finished, and its directory can still be written. Waits until all is told, for a minute at most.
     *
     * @param files files and folders of the run directory to keep, where the tool keeps any
     */
    public void finished(List<Path> files) {
        end(Ending.FINISHED, files);
        drain();
    }

    /** The run ends with an error. */
    public void failed() {
        end(Ending.FAILED, List.of());
    }

    /** The run ends and can go on. */
    public void interrupted() {
        end(Ending.INTERRUPTED, List.of());
    }

    /** Waits until all is told, for a minute at most. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(MOST_SECONDS_AT_THE_END, TimeUnit.SECONDS)) {
                say.accept("The last of the run could not be recorded within " + MOST_SECONDS_AT_THE_END + " s by "
                        + String.join(
                                " or ", trackers.stream().map(Tracker::name).toList()));
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            thread.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void drain() {
        try {
            thread.submit(() -> {}).get(MOST_SECONDS_AT_THE_END, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            say.accept("warning: "
                    + String.join(" and ", trackers.stream().map(Tracker::name).toList())
                    + " did not take the end of the run within " + MOST_SECONDS_AT_THE_END + " s");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Point point(long at, Map<String, ?> values) {
        Map<String, Double> flat = new HashMap<>();
        flatten("", values, flat);
        return new Point(at, System.currentTimeMillis(), flat);
    }

    private static void flatten(String prefix, Map<?, ?> values, Map<String, Double> flat) {
        values.forEach((name, value) -> {
            if (value instanceof Map<?, ?> inner) {
                flatten(prefix + name + "/", inner, flat);
            } else if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
                flat.put(prefix + name, number.doubleValue());
            }
        });
    }

    /** What a tool is told. */
    @FunctionalInterface
    private interface News {
        void to(Tracker tracker) throws IOException, InterruptedException;
    }

    private void tell(Consumer<Tracker> news) {
        onThread(tracker -> {
            news.accept(tracker);
            Long since = failing.get(tracker);
            if (since == null || System.nanoTime() - since > PAUSE) {
                attempt(Tracker::send, tracker, false);
            }
        });
    }

    private void end(Ending ending, List<Path> files) {
        onThread(tracker -> attempt(
                told -> {
                    told.send();
                    told.end(ending, files);
                },
                tracker,
                true));
    }

    void onThread(Consumer<Tracker> work) {
        if (!trackers.isEmpty()) {
            thread.execute(() -> trackers.forEach(work));
        }
    }

    private void attempt(News news, Tracker tracker, boolean atTheEnd) {
        try {
            news.to(tracker);
            if (failing.remove(tracker) != null) {
                say.accept(tracker.name() + " takes the run again, and has what it missed");
            }
        } catch (IOException | RuntimeException e) {
            boolean known = failing.put(tracker, System.nanoTime()) != null;
            if (!known || atTheEnd) {
                say.accept("warning: " + tracker.name() + " does not take the run (" + reason(e) + "). "
                        + (atTheEnd ? "It lacks the end of the run." : "The run continues without it."));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Of a refused connection Java says nothing but its kind. */
    private static String reason(Exception e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
