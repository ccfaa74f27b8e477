package org.erat.cli;

import java.io.FileNotFoundException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.checkpoint.Provenance;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.config.Keys;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.tokenized.Manifest;
import org.erat.evaluation.Evaluation;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;

/** A run that has an adapter. */
record FinishedRun(RunDirectory directory, TrainedAdapter adapter) {
    private static final String ADAPTER = "adapter";

    /** Where the adapter lies. */
    Path adapterPath() {
        return directory.path(ADAPTER);
    }

    /**
     * What its training data are; empty where they are not there any more, or others are.
     *
     * @throws BadInputException if what is there cannot be read
     */
    Optional<Manifest> trainingData(Configuration hadoop, Progress progress) {
        String place = job(Map.of()).data().train();
        Manifest manifest;
        try {
            manifest = Manifest.read(hadoop, Storage.path(place));
        } catch (BadInputException e) {
            if (e.getCause() instanceof FileNotFoundException) {
                return Optional.empty();
            }
            throw e;
        }
        Optional<String> trained = directory.sha256(Provenance.TOKENS);
        if (trained.isPresent() && !trained.get().equals(manifest.tokensSha256())) {
            progress.say(place + " holds other data than the run was trained on, so they say nothing about columns and"
                    + " length");
            return Optional.empty();
        }
        return Optional.of(manifest);
    }

    /** Its configuration with some settings changed. */
    JobConfig job(Map<String, String> overrides) {
        // The head is that of the adapter; the configuration may name one that only earlier programs trained.
        Map<String, String> all = new HashMap<>(overrides);
        all.put(Keys.HEAD_POOLING, "mean");
        return JobConfig.parse(directory.config(), directory.path() + "/config.conf", Overrides.pairs(all));
    }

    /** The orders of the rows to choose from: those asked for, else those of the run's configuration. */
    OrderChoice orders(Optional<OrderChoice> asked) {
        return asked.orElseGet(() -> job(Map.of()).adapter().order());
    }

    /** The order to use at a rank; where there is a choice and nothing was measured at this rank, as trained. */
    RowOrder order(Optional<OrderChoice> asked, int rank) {
        return order(asked, evaluation -> evaluation.better(rank));
    }

    /** The order to use where ranks differ: the one with the higher AURAC; where nothing was measured, as trained. */
    RowOrder order(Optional<OrderChoice> asked) {
        return order(asked, Evaluation::better);
    }

    private RowOrder order(Optional<OrderChoice> asked, Function<Evaluation, Optional<RowOrder>> measured) {
        return Evaluation.chosen(
                orders(asked),
                () -> directory
                        .read(Evaluation.FILE)
                        .map(json -> Evaluation.parse(
                                json, directory.path(Evaluation.FILE).toString())),
                measured);
    }

    /**
     * Reads it.
     *
     * @throws UsageException if the run has not finished
     */
    static FinishedRun read(String directory, Configuration hadoop, Progress progress) {
        RunDirectory run = RunDirectory.read(directory, hadoop, progress::say);
        if (run.state() != RunDirectory.State.FINISHED) {
            throw new UsageException(run.path() + " holds a run that has not finished, so it has no adapter yet."
                    + " Submit its train command again: it continues where it stopped.");
        }
        return new FinishedRun(run, AdapterFiles.read(run.path(ADAPTER), hadoop));
    }
}
