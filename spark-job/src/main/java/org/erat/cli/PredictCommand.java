package org.erat.cli;

import org.apache.spark.sql.SparkSession;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.inference.Predictions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "predict",
        description = "Writes what a trained adapter predicts for a data set: a line of JSON for each example with id,"
                + " logits, prediction and label, or with words, predictions and labels where each word has a label.",
        footer = {
            "",
            "Example:",
            "  submit/erat predict --run-dir runs/quickstart --data work/wordnet --rank 4 \\",
            "    --out work/predictions.jsonl"
        })
final class PredictCommand extends JobCommand<PredictCommand.Request> {
    /**
     * What to predict.
     *
     * @param on run, data and what to compute with
     * @param rank rank of the adapter to use
     * @param out file to write
     */
    record Request(RunAndData.Choice on, int rank, String out) {}

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
    Request request() {
        if (rank < 1) {
            throw new UsageException("--rank " + rank + " is below 1. Name a rank from 1 to the adapter's rank.");
        }
        return new Request(on.choice(), rank, out);
    }

    @Override
    void run(Request request, Progress progress) {
        try (SparkSession session = Sessions.open("predict " + request.on().runDir())) {
            SparkWork.run(session.sparkContext(), progress, () -> {
                FinishedRun run = request.on().run(session, progress);
                run.adapter().requireRank(request.rank());
                RowOrder order = run.order(request.on().order(), request.rank());
                progress.say("rank " + request.rank() + ", order of the rows: " + order.key());
                Predictions.write(
                        session,
                        request.on().use(session, run, order),
                        TokenizedDataset.open(session, request.on().data()),
                        Split.VALIDATION,
                        request.rank(),
                        Storage.path(request.out()),
                        progress::say);
            });
            progress.say("predictions: " + request.out());
        }
    }
}
