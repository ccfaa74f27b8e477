package org.erat.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.ResumableException;
import org.erat.config.DataSettings;
import org.erat.config.Grid;
import org.erat.data.BadInputException;
import org.erat.data.EratException;
import org.erat.data.storage.Storage;
import org.erat.job.RunListener;
import org.erat.job.RunOutcome;
import org.erat.job.TrainingData;
import org.erat.job.TrainingRun;
import org.erat.training.round.RoundReport;

/**
 * All runs of a grid in one session, each in a run directory of its own: a run that has finished is not made again, one
 * that was interrupted goes on. A run that fails is reported, and the others are made all the same.
 */
public final class Experiment {
    /** For people. */
    public static final String TABLE = "results.md";

    /** The same for programs. */
    public static final String VALUES = "results.json";

    private static final String RUNS = "runs";

    private final SparkSession session;
    private final Grid grid;
    private final Path folder;
    private final Consumer<String> say;
    private final Map<DataSettings, TrainingData> data = new ConcurrentHashMap<>();
    private final Map<Grid.Trial, TrialResult> finished = new LinkedHashMap<>();
    private final Map<String, String> failed = new LinkedHashMap<>();

    /**
     * @param folder where runs and results are kept, on any Hadoop file system
     * @param say takes lines for people
     */
    public Experiment(SparkSession session, Grid grid, String folder, Consumer<String> say) {
        this.session = session;
        this.grid = grid;
        this.folder = Storage.path(folder);
        this.say = say;
    }

    /** The run directory of a trial. */
    static String directory(String folder, Grid.Trial trial) {
        return folder + "/" + RUNS + "/" + trial.folder();
    }

    /**
     * Makes the runs that are not there yet, and writes the results after each.
     *
     * @param atATime most runs that are made side by side, 1 or more
     * @throws EratException if runs have failed, after all others are made
     */
    public void run(int atATime) {
        ExecutorService workers = Executors.newFixedThreadPool(atATime);
        List<Future<?>> runs = new ArrayList<>();
        try {
            grid.trials().forEach(trial -> runs.add(workers.submit(() -> run(trial))));
            for (Future<?> run : runs) {
                run.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ResumableException("The experiment was interrupted. Submit it again: it goes on from there.", e);
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
        if (!failed.isEmpty()) {
            throw new BadInputException(failed.size() + " of " + grid.trials().size() + " runs failed: "
                    + String.join(", ", failed.keySet()) + ". The reasons are in " + folder + "/" + TABLE
                    + "; the same command makes them again.");
        }
    }

    private void run(Grid.Trial trial) {
        String name = trial.folder();
        try {
            Lines lines = new Lines(name);
            RunOutcome outcome = new TrainingRun(session, trial.job(), dataOf(trial), lines)
                    .run(directory(folder.toString(), trial), false);
            // A grid has no run that is not measured.
            add(new TrialResult(
                    trial, outcome.evaluation().orElseThrow(), outcome.totals().seconds()));
        } catch (ResumableException e) {
            throw e;
        } catch (RuntimeException e) {
            if (session.sparkContext().isStopped() || ShutdownHookManager.get().isShutdownInProgress()) {
                throw e;
            }
            fail(trial, e instanceof EratException ? e.getMessage() : e.toString());
        }
    }

    private TrainingData dataOf(Grid.Trial trial) {
        DataSettings settings = trial.job().data();
        return data.computeIfAbsent(
                new DataSettings(settings.train(), settings.validation(), 0, 0),
                key -> TrainingData.open(session, key));
    }

    private synchronized void add(TrialResult result) {
        finished.put(result.trial(), result);
        write();
        say.accept(result.trial().folder() + ": done, " + made() + " of "
                + grid.trials().size());
    }

    private synchronized void fail(Grid.Trial trial, String reason) {
        failed.put(trial.folder(), reason);
        write();
        say.accept(trial.folder() + ": FAILED, " + reason);
    }

    private int made() {
        return finished.size() + failed.size();
    }

    /** The lines of the table so far. */
    public synchronized List<String> table() {
        return render(Tables::markdown).lines().toList();
    }

    private String render(Rendering rendering) {
        return rendering.of(comparisons(), failed, grid.trials().size() - made());
    }

    private List<Comparison> comparisons() {
        // In the order of the grid, whichever run was first.
        List<TrialResult> results = grid.trials().stream()
                .filter(finished::containsKey)
                .map((Function<Grid.Trial, TrialResult>) finished::get)
                .toList();
        return Comparison.of(results, grid.baseline());
    }

    private interface Rendering {
        String of(List<Comparison> comparisons, Map<String, String> failed, int left);
    }

    private void write() {
        try {
            Storage storage = Storage.of(folder, session.sparkContext().hadoopConfiguration());
            write(storage, TABLE, render(Tables::markdown));
            write(storage, VALUES, render(Tables::json));
            for (Comparison comparison : comparisons()) {
                write(storage, RankCurves.file(comparison.task()), RankCurves.svg(comparison));
            }
        } catch (IOException e) {
            throw new BadInputException(
                    folder + ": the results cannot be written (" + e.getMessage() + "). Check its permissions.", e);
        }
    }

    private void write(Storage storage, String name, String text) throws IOException {
        storage.writeAtomically(new Path(folder, name), out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** What a run says, with its name; of its rounds only the beginning, since several runs may be made at a time. */
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
