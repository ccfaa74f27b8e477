package org.erat.cli;

import java.util.concurrent.Callable;
import org.erat.data.UsageException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "predict",
        description = "Writes what a trained adapter predicts for a data set: a line of JSON for each example with id,"
                + " logits, prediction, and label where it is known.",
        footer = {
            "",
            "Example:",
            "  submit/erat predict --run-dir runs/quickstart --data work/wordnet --rank 4 \\",
            "    --out work/predictions.jsonl"
        })
final class PredictCommand implements Callable<Integer> {
    /**
     * What to predict.
     *
     * @param on run, data and what to compute with
     * @param rank rank of the adapter to use
     * @param out file to write
     */
    record Request(RunAndData.Choice on, int rank, String out) {}

    @ParentCommand
    private Main root;

    @Mixin
    private RunAndData on;

    @Option(
            names = "--rank",
            required = true,
            paramLabel = "N",
            description = "Rank of the adapter to use, from 1 to the rank it was trained at.")
    private int rank;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "File to write, in JSON lines; one that is there is replaced.")
    private String out;

    @Override
    public Integer call() {
        if (rank < 1) {
            throw new UsageException("--rank " + rank + " is below 1. Name a rank from 1 to the adapter's rank.");
        }
        root.jobs().predict(new Request(on.choice(), rank, out), root.progress());
        return 0;
    }
}
