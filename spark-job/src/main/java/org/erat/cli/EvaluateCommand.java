package org.erat.cli;

import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.EvaluationRequest;
import org.erat.evaluation.EvaluationTable;
import org.erat.evaluation.Evaluator;
import org.erat.inference.AdapterUse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "evaluate",
        description =
                "Measures a trained adapter at every rank and prints a table for each data set. The run directory stays as it is: its"
                        + " evaluation.json is what train measured.",
        footer = {
            "",
            "Examples:",
            "  submit/erat evaluate --run-dir runs/quickstart --data work/wordnet",
            "  submit/erat evaluate --run-dir runs/sst2 --data work/sst2 --ranks 1,2,4,8 --suffixes",
            "  submit/erat evaluate --run-dir runs/news --data work/news --split test",
            "  submit/erat evaluate --run-dir runs/news --data work/news,work/other-news",
            "  submit/erat evaluate --run-dir runs/sst2 --data work/sst2 --model work/bert-base --set compute.device=cpu"
        })
final class EvaluateCommand extends JobCommand<EvaluateCommand.Request> {
    /**
     * What to measure.
     *
     * @param on run, data and what to compute with
     * @param ranks ranks to measure at, ascending; empty for all
     * @param suffixes whether to measure the last rows alone too
     */
    record Request(RunAndData.Choice on, List<Integer> ranks, boolean suffixes) {}

    @Mixin
    private RunAndData on;

    @Option(
            names = "--ranks",
            split = ",",
            paramLabel = "N",
            description =
                    "Ranks to measure at, from 1 to the adapter's rank; of a language model also 0, which is the base"
                            + " model without the adapter (default: all).")
    private List<Integer> ranks = List.of();

    @Option(
            names = "--suffixes",
            description = "Measure the last rows alone too, which shows whether the tail of the adapter has learnt.")
    private boolean suffixes;

    @Override
    Request request() {
        for (int rank : ranks) {
            if (rank < 0) {
                throw new UsageException("--ranks " + rank + " is below 0. Name ranks from 1 to the adapter's rank.");
            }
        }
        if (ranks.equals(List.of(0))) {
            throw new UsageException(
                    "--ranks 0 is the base model alone. Name ranks from 1 to the adapter's rank beside it.");
        }
        List<Integer> ascending = ranks.stream().sorted().distinct().toList();
        return new Request(on.choice(), ascending, suffixes);
    }

    @Override
    void run(Request request, Progress progress) {
        try (SparkSession session = Sessions.open("evaluate " + request.on().runDir())) {
            SparkWork.run(session.sparkContext(), progress, () -> {
                FinishedRun run = request.on().run(session, progress);
                AdapterUse use = request.on().use(session, run, RowOrder.TRAINED);
                EvaluationRequest measured = EvaluationRequest.of(
                        use.adapter(), run.orders(request.on().order()), request.ranks(), request.suffixes());
                for (SplitOption.Examples examples : request.on().examples(session, use)) {
                    Evaluation evaluation = Evaluator.evaluate(
                            session, use, examples.data(), measured.on(examples.split()), progress::say);
                    progress.say(examples.describe());
                    EvaluationTable.lines(evaluation).forEach(progress::say);
                }
            });
        }
    }
}
