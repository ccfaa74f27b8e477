package org.erat.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.EvaluationDetails;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;

/**
 * All that the files of a run directory say. What a run has not written yet, or what an earlier program did not write, is
 * empty.
 *
 * @param path the run directory
 * @param status how far the run has come
 * @param failure why it stopped
 * @param settings resolved configuration, by key
 * @param provenance {@code provenance.json}, a missing node without one
 * @param sizes of the run
 * @param rounds that were made
 * @param activity of the rows
 * @param evaluation metrics by rank
 * @param details what stands behind them
 * @param adapter that was trained
 */
public record RunRecords(
        Path path,
        RunStatus status,
        Optional<String> failure,
        Map<String, String> settings,
        JsonNode provenance,
        Optional<RunSizes> sizes,
        List<Round> rounds,
        Optional<RowActivityRecord> activity,
        Optional<Evaluation> evaluation,
        Optional<EvaluationDetails> details,
        Optional<TrainedAdapter> adapter) {
    private static final ObjectMapper JSON = Json.mapper();
    private static final String ADAPTER = "adapter";

    public RunRecords {
        rounds = List.copyOf(rounds);
    }

    /**
     * Reads what a driver has written so far in the run that it is at work on.
     *
     * @param status what it is to be called
     */
    public static RunRecords of(RunDirectory run, RunStatus status, Configuration hadoop) {
        return of(
                run,
                status,
                read(run, RowActivityRecord.FILE, RowActivityRecord::parse),
                read(run, EvaluationDetails.FILE, EvaluationDetails::parse),
                adapter(run, hadoop));
    }

    /** The same without the adapter and what only a page shows. */
    static RunRecords summary(RunDirectory run, RunStatus status) {
        return of(run, status, Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static RunRecords of(
            RunDirectory run,
            RunStatus status,
            Optional<RowActivityRecord> activity,
            Optional<EvaluationDetails> details,
            Optional<TrainedAdapter> adapter) {
        return new RunRecords(
                run.path(),
                status,
                run.failure(),
                settings(run),
                provenance(run),
                read(run, RunSizes.FILE, RunSizes::parse),
                run.metrics().read().stream().map(Round::of).toList(),
                activity,
                read(run, Evaluation.FILE, Evaluation::parse),
                details,
                adapter);
    }

    /**
     * Reads a run, also while a driver is at work on it.
     *
     * @throws org.erat.data.UsageException if there is none
     * @throws BadInputException if one of its files cannot be used
     */
    public static RunRecords read(String directory, Configuration hadoop) {
        RunDirectory run = RunDirectory.read(directory, hadoop, line -> {});
        Set<Path> held =
                run.state() == RunDirectory.State.FINISHED ? Set.of() : RunDirectory.held(List.of(run.path()), hadoop);
        return of(run, RunStatus.of(run, !held.isEmpty()), hadoop);
    }

    private static <T> Optional<T> read(RunDirectory run, String file, BiFunction<String, String, T> parse) {
        return run.read(file).map(text -> parse.apply(text, run.path(file).toString()));
    }

    private static Optional<TrainedAdapter> adapter(RunDirectory run, Configuration hadoop) {
        // The folder appears whole or not at all.
        return run.read(ADAPTER + "/adapter_config.json").map(config -> AdapterFiles.read(run.path(ADAPTER), hadoop));
    }

    private static JsonNode provenance(RunDirectory run) {
        try {
            Optional<String> text = run.provenance();
            return text.isPresent() ? JSON.readTree(text.get()) : MissingNode.getInstance();
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    run.path() + ": provenance.json is not JSON: " + e.getOriginalMessage() + ". Remove it.", e);
        }
    }

    /**
     * The resolved configuration of a run, by key.
     *
     * @throws BadInputException if it cannot be parsed
     */
    public static Map<String, String> settings(RunDirectory run) {
        Map<String, String> settings = new TreeMap<>();
        try {
            ConfigFactory.parseString(run.config())
                    .entrySet()
                    .forEach(entry -> settings.put(
                            entry.getKey(), entry.getValue().unwrapped().toString()));
        } catch (ConfigException e) {
            throw new BadInputException(
                    run.path() + ": config.conf cannot be parsed: " + e.getMessage() + ". Restore it.", e);
        }
        return settings;
    }

    /** What a reader calls the run: the name of its folder. */
    String name() {
        return path.getName();
    }

    /** A setting, or a dash where an earlier program did not have it. */
    String setting(String key) {
        return settings.getOrDefault(key, "–");
    }

    /**
     * Shards of the training data, 1 where it is not known.
     *
     * @throws BadInputException if the setting is no number
     */
    int shards() {
        return sizes.map(RunSizes::shards).orElseGet(() -> {
            String shards = settings.getOrDefault("training.shards", "1");
            try {
                return Integer.parseInt(shards);
            } catch (NumberFormatException e) {
                throw new BadInputException(
                        path + ": config.conf: training.shards is " + shards + ", which is no number. Restore it.", e);
            }
        });
    }

    /** The task's name, or a dash before the run has begun. */
    String task() {
        return sizes.map(RunSizes::task)
                .or(() -> evaluation.map(Evaluation::task))
                .or(() -> adapter.map(TrainedAdapter::task))
                .orElse("–");
    }
}
