package org.erat.cli;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.inference.AdapterUse;
import org.erat.inference.Predictions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "predict",
        description = "Writes what a trained adapter predicts for text or for prepared data, in the order of the input:"
                + " prediction and probabilities of a classification, the value of a regression, words and predictions"
                + " of a token classification.",
        footer = {
            "",
            "Examples:",
            "  submit/erat predict --run-dir runs/reviews --rank 4 --input reviews.csv --text review --keep id \\",
            "    --out work/predictions.csv",
            "  submit/erat predict --run-dir runs/reviews --rank 4 --input reviews/ --keep all \\",
            "    --out work/predictions.parquet",
            "  submit/erat predict --run-dir runs/quickstart --rank 4 --data work/wordnet --split validation \\",
            "    --out work/predictions.jsonl"
        })
final class PredictCommand extends JobCommand<PredictCommand.Request> {
    /**
     * What to predict.
     *
     * @param on run and what to compute with
     * @param text text to predict for, or
     * @param data prepared data
     * @param split of the prepared data
     * @param rank rank of the adapter to use
     * @param out file to write
     */
    record Request(
            RunOptions.Choice on,
            TextOptions.Choice text,
            Optional<String> data,
            SplitOption.Choice split,
            int rank,
            String out) {}

    @Mixin
    private RunOptions on;

    @Mixin
    private TextOptions text;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Data-set directory of a prepare-data command, in place of --input.")
    private String data;

    @Mixin
    private SplitOption split;

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
            description = "What to write, in the format that its ending says: .jsonl, .csv or, for a folder, .parquet."
                    + " It appears whole or not at all, and replaces predictions that are there.")
    private String out;

    @Override
    Request request() {
        if (rank < 1) {
            throw new UsageException("--rank " + rank + " is below 1. Name a rank from 1 to the adapter's rank.");
        }
        if (data == null && split.isGiven()) {
            throw new UsageException("--split is for --data. Leave it out: of --input all rows are used.");
        }
        return new Request(
                on.choice(), text.choice(data != null), Optional.ofNullable(data), split.choice(), rank, out);
    }

    @Override
    void run(Request request, Progress progress) {
        try (SparkSession session = Sessions.open("predict " + request.on().runDir())) {
            SparkWork.run(session.sparkContext(), progress, () -> {
                FinishedRun run = request.on().run(session, progress);
                run.adapter().requireRank(request.rank());
                RowOrder order = run.order(request.on().order(), request.rank());
                progress.say("rank " + request.rank() + ", order of the rows: " + order.key());
                AdapterUse use = request.on().use(session, run, order);
                if (request.data().isPresent()) {
                    ofData(session, use, request, progress);
                } else {
                    ofText(session, use, run, request, progress);
                }
            });
            progress.say("predictions: " + request.out());
        }
    }

    private static void ofData(SparkSession session, AdapterUse use, Request request, Progress progress) {
        SplitOption.Examples examples =
                request.split().of(TokenizedDataset.open(session, request.data().orElseThrow()));
        progress.say(examples.describe());
        Predictions.write(
                session,
                use,
                examples.data(),
                examples.split(),
                request.rank(),
                Storage.path(request.out()),
                progress::say);
    }

    private static void ofText(
            SparkSession session, AdapterUse use, FinishedRun run, Request request, Progress progress) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        Path out = Storage.path(request.out());
        requireApart(Storage.path(request.text().input().orElseThrow()), out, hadoop);
        Predictions.write(
                session,
                use,
                () -> request.text()
                        .request(
                                hadoop,
                                use.adapter().type(),
                                request.on().base(session, run),
                                run.trainingData(hadoop, progress),
                                run.job(Map.of()).data().train()),
                request.rank(),
                out,
                progress::say);
    }

    /** What is at the output is replaced, and what is in the input's folder is a part of the input the next time. */
    private static void requireApart(Path input, Path out, Configuration hadoop) {
        Path from = qualified(input, hadoop);
        Path to = qualified(out, hadoop);
        if (from.equals(to)) {
            throw new UsageException("--out " + out + " is the --input. Name another file.");
        }
        if (isInside(to, from)) {
            throw new UsageException(
                    "--out " + out + " is inside the --input, " + input + ". Name a file outside of this folder.");
        }
        if (isInside(from, to)) {
            throw new UsageException(
                    "--input " + input + " is inside the --out, " + out + ", which is replaced. Name another folder.");
        }
    }

    private static boolean isInside(Path path, Path folder) {
        Path above = path.getParent();
        while (above != null && !above.equals(folder)) {
            above = above.getParent();
        }
        return above != null;
    }

    private static Path qualified(Path path, Configuration hadoop) {
        try {
            return Storage.of(path, hadoop).qualify(path);
        } catch (IOException e) {
            throw new UsageException(
                    path + " cannot be reached: " + e.getMessage() + ". Check its file system, or name another path.",
                    e);
        }
    }
}
