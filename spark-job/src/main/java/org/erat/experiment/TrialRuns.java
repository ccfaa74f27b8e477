package org.erat.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.ResumableException;
import org.erat.config.DataSettings;
import org.erat.config.Grid;
import org.erat.data.EratException;
import org.erat.job.RunListener;
import org.erat.job.RunOutcome;
import org.erat.job.TrainingData;
import org.erat.job.TrainingRun;
import org.erat.training.round.RoundReport;

/**
 * Runs of trials in a folder, each in a run directory of its own: a run that has finished is not made again, one that was
 * interrupted goes on. A run that fails is noted, and the others are made all the same.
 */
final class TrialRuns {
    private final SparkSession session;
    private final Function<DataSettings, TrainingData> data;
    private final String folder;
    private final Consumer<String> say;
    private final Runnable changed;
    private final Map<Grid.Trial, TrialResult> finished = new ConcurrentHashMap<>();
    private final Map<Grid.Trial, String> failed = new ConcurrentHashMap<>();
    private final AtomicInteger made = new AtomicInteger();
    private volatile List<Grid.Trial> trials = List.of();

    /**
     * @param data opens what a run is trained and measured on
     * @param folder where the run directories are, on any Hadoop file system
     * @param say takes lines for people
     * @param changed is told after each run that finished or failed
     */
    TrialRuns(
            SparkSession session,
            Function<DataSettings, TrainingData> data,
            String folder,
            Consumer<String> say,
            Runnable changed) {
        this.session = session;
        this.data = data;
        this.folder = folder;
        this.say = say;
        this.changed = changed;
    }

    /**
     * Makes the runs that are not there yet.
     *
     * @param atATime most runs that are made side by side, 1 or more
     */
    void run(List<Grid.Trial> given, int atATime) {
        trials = given;
        ExecutorService workers = Executors.newFixedThreadPool(atATime);
        List<Future<?>> runs = new ArrayList<>();
        try {
            trials.forEach(trial -> runs.add(workers.submit(() -> run(trial))));
            for (Future<?> run : runs) {
                run.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ResumableException(
                    "The experiment was interrupted. Submit it again: it continues from there.", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException("A run throws no checked exception", e);
        } finally {
            workers.shutdownNow();
        }
    }

    /** The finished runs, in the order of the trials, whichever was first. */
    List<TrialResult> finished() {
        return trials.stream()
                .flatMap(trial -> Stream.ofNullable(finished.get(trial)))
                .toList();
    }

    /** The failed runs with the reason, by folder, in the order of the trials. */
    Map<String, String> failed() {
        Map<String, String> reasons = new LinkedHashMap<>();
        for (Grid.Trial trial : trials) {
            String reason = failed.get(trial);
            if (reason != null) {
                reasons.put(trial.folder(), reason);
            }
        }
        return reasons;
    }

    private void run(Grid.Trial trial) {
        String name = trial.folder();
        try {
            RunOutcome outcome = new TrainingRun(
                            session, trial.job(), data.apply(trial.job().data()), new Lines(name))
                    .run(folder + "/" + name, false);
            // A grid has no run that is not measured.
            finished.put(
                    trial,
                    new TrialResult(
                            trial,
                            outcome.evaluation().orElseThrow(),
                            outcome.totals().seconds()));
            changed.run();
            say.accept(name + ": done, " + made.incrementAndGet() + " of " + trials.size());
        } catch (ResumableException e) {
            throw e;
        } catch (RuntimeException e) {
            if (session.sparkContext().isStopped() || ShutdownHookManager.get().isShutdownInProgress()) {
                throw e;
            }
            String reason = e instanceof EratException ? e.getMessage() : e.toString();
            failed.put(trial, reason);
            made.incrementAndGet();
            changed.run();
            say.accept(name + ": FAILED, " + reason);
        }
    }

    /** What a run says, with its name; of its rounds only the quarters, since several runs may be made at a time. */
    private final class Lines implements RunListener {
        private final String run;

        Lines(String run) {
            this.run = run;
        }

        @Override
        public void say(String line) {
            say.accept(run + ": " + line);
        }

        @Override
        public void roundsBegin(int done, int total) {
            if (done > 0) {
                say.accept(run + ": " + (total - done) + " of " + total + " rounds are left");
            }
        }

        @Override
        public void roundDone(RoundReport report) {
            int quarter = Math.max(1, report.rounds() / 4);
            if ((report.round() + 1) % quarter == 0) {
                say.accept(String.format(
                        "%s: round %d/%d  loss %.4f", run, report.round() + 1, report.rounds(), report.loss()));
            }
        }
    }
}
