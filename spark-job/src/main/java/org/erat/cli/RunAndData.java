package org.erat.cli;

import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.inference.AdapterUse;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of a command that measures a finished run on data sets. */
final class RunAndData {
    /**
     * What they say.
     *
     * @param of the run
     * @param data data-set directories, at least one
     * @param split of each of them
     */
    record Choice(RunOptions.Choice of, List<String> data, SplitOption.Choice split) {
        String runDir() {
            return of.runDir();
        }

        Optional<OrderChoice> order() {
            return of.order();
        }

        /** The run. */
        FinishedRun run(SparkSession session, Progress progress) {
            return of.run(session, progress);
        }

        /** The run's adapter, in some order of its rows, with what is chosen for this use of it. */
        AdapterUse use(SparkSession session, FinishedRun run, RowOrder rows) {
            return of.use(session, run, rows);
        }

        /**
         * The examples of each data set.
         *
         * @throws org.erat.data.BadInputException if they are not of the adapter's task and base model, or have no labels
         */
        List<SplitOption.Examples> examples(SparkSession session, AdapterUse use) {
            List<TokenizedDataset> all = data.stream()
                    .map(directory -> TokenizedDataset.open(session, directory))
                    .toList();
            all.forEach(each -> use.requireMatch(each, session.sparkContext().hadoopConfiguration()));
            all.forEach(TokenizedDataset::requireLabels);
            return all.stream().map(split::of).toList();
        }
    }

    @Mixin
    private RunOptions run;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "Data-set directory of a prepare-data command. May be given many times.")
    private List<String> data;

    @Mixin
    private SplitOption split;

    Choice choice() {
        if (data.stream().anyMatch(String::isBlank)) {
            throw new UsageException("--data names an empty path. Name a data-set directory.");
        }
        return new Choice(run.choice(), data, split.choice());
    }
}
