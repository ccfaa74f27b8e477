package org.erat.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.config.DataSettings;
import org.erat.config.Grid;
import org.erat.data.BadInputException;
import org.erat.data.storage.Storage;
import org.erat.job.TrainingData;

/**
 * All runs of a grid in one session: first those of its search, where it chooses values for its methods, then those of the
 * comparison with the best of them. The results are written after each run.
 */
public final class Experiment {
    /** For people. */
    public static final String TABLE = "results.md";

    /** The same for programs. */
    public static final String VALUES = "results.json";

    /** Folder of the runs that are compared. */
    static final String RUNS = "runs";

    /** Folder of the runs that values are chosen by. */
    static final String SEARCH = "search";

    private final SparkSession session;
    private final Grid grid;
    private final Path folder;
    private final Map<DataSettings, TrainingData> data = new ConcurrentHashMap<>();
    private final TrialRuns search;
    private final TrialRuns comparison;
    private final Consumer<String> say;

    /** The runs that have no value, by name: no value of their method was found. */
    private volatile Map<String, String> withoutValue = Map.of();

    /**
     * @param folder where runs and results are kept, on any Hadoop file system
     * @param say takes lines for people
     */
    public Experiment(SparkSession session, Grid grid, String folder, Consumer<String> say) {
        this.session = session;
        this.grid = grid;
        this.folder = Storage.path(folder);
        this.say = say;
        this.search = new TrialRuns(
                session, this::open, this.folder + "/" + SEARCH, line -> say.accept(SEARCH + "/" + line), this::write);
        this.comparison = new TrialRuns(session, this::open, this.folder + "/" + RUNS, say, this::write);
    }

    /**
     * Makes the runs that are not there yet.
     *
     * @param atATime most runs that are made side by side, 1 or more
     * @throws org.erat.data.UsageException if the search would measure on data that the comparison measures on
     * @throws BadInputException if runs of the comparison have failed, after all others are made
     */
    public void run(int atATime) {
        SearchData.requireOther(grid, this::open);
        search.run(grid.search(), atATime);
        choose();
        comparison.run(chosen(), atATime);
        Map<String, String> failed = failed();
        if (!failed.isEmpty()) {
            throw new BadInputException(failed.size() + " of " + grid.names().size() + " runs failed: "
                    + String.join(", ", failed.keySet()) + ". The reasons are in " + folder + "/" + TABLE
                    + "; the same command makes them again.");
        }
    }

    /** Tells what the search has chosen, and notes the runs that it found no value for. */
    private void choose() {
        searchResults()
                .forEach(result -> result.best().ifPresent(best -> say.accept("chosen for " + result.text(best))));
        List<String> names = chosen().stream().map(Grid.Trial::name).toList();
        Map<String, String> missing = new LinkedHashMap<>();
        grid.names().stream()
                .filter(name -> !names.contains(name))
                .forEach(name -> missing.put(name, "no value has finished the search with every seed"));
        if (!missing.isEmpty()) {
            withoutValue = missing;
            write();
        }
    }

    private List<Grid.Trial> chosen() {
        return SearchResult.chosen(grid, searchResults());
    }

    private List<SearchResult> searchResults() {
        return SearchResult.of(grid, search.finished());
    }

    private TrainingData open(DataSettings settings) {
        return data.computeIfAbsent(
                new DataSettings(settings.train(), settings.validation(), 0, 0),
                key -> TrainingData.open(session, key));
    }

    /** The failed runs of the comparison, with those that could not be made. */
    private Map<String, String> failed() {
        Map<String, String> failed = new LinkedHashMap<>(withoutValue);
        failed.putAll(comparison.failed());
        return failed;
    }

    /** The lines of the table so far. */
    public List<String> table() {
        return Tables.markdown(results()).lines().toList();
    }

    private ExperimentResults results() {
        return new ExperimentResults(
                grid.search().isEmpty()
                        ? Optional.empty()
                        : Optional.of(new ExperimentResults.Search(
                                searchResults(),
                                ExperimentResults.Unfinished.of(
                                        grid.search().size(), search.finished(), search.failed()))),
                Comparison.of(comparison.finished(), grid.baseline()),
                ExperimentResults.Unfinished.of(grid.names().size(), comparison.finished(), failed()));
    }

    /** One at a time, each with all that is known by then: runs end side by side. */
    private synchronized void write() {
        ExperimentResults results = results();
        try {
            Storage storage = Storage.of(folder, session.sparkContext().hadoopConfiguration());
            write(storage, TABLE, Tables.markdown(results));
            write(storage, VALUES, Tables.json(results));
            for (Comparison each : results.comparisons()) {
                write(storage, RankCurves.file(each.task()), RankCurves.svg(each));
            }
        } catch (IOException e) {
            throw new BadInputException(
                    folder + ": the results cannot be written (" + e.getMessage() + "). Check its permissions.", e);
        }
    }

    private void write(Storage storage, String name, String text) throws IOException {
        storage.writeAtomically(new Path(folder, name), out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }
}
