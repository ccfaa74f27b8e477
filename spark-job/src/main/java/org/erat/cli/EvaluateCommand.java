package org.erat.cli;

import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.tokenized.TokenizedDataset;
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
                "Measures a trained adapter at every rank and prints a table for each data set. The run directory stays as"
                        + " it is: its evaluation.json is what train measured.",
        footer = {
            "",
            "Examples:",
            "  submit/erat evaluate --run-dir runs/quickstart --data work/wordnet",
            "  submit/erat evaluate --run-dir runs/sst2 --data work/sst2 --ranks 1,2,4,8 --suffixes",
            "  submit/erat evaluate --run-dir runs/news --data work/news --split test",
            "  submit/erat evaluate --run-dir runs/news --data work/news --data work/other-news",
            "  submit/erat evaluate --run-dir runs/sst2 --data work/sst2 --model work/bert-base --set compute.device=cpu",
            "  submit/erat evaluate --run-dir runs/e2e --data work/e2e --generate --beams 5 --out work/texts \\",
            "    --meteor-data meteor"
        })
final class EvaluateCommand extends JobCommand<EvaluateCommand.Request> {
    /**
     * What to measure.
     *
     * @param on run and what to compute with
     * @param data data-set directories, at least one
     * @param split of each of them
     * @param ranks ranks to measure at, ascending; empty for all
     * @param suffixes whether to measure the last rows alone too
     * @param texts how to measure generated texts; empty not to
     */
    record Request(
            RunOptions.Choice on,
            List<String> data,
            SplitOption.Choice split,
            List<Integer> ranks,
            boolean suffixes,
            Optional<Texts> texts) {}

    /**
     * How to measure generated texts.
     *
     * @param out folder to write them to
     */
    record Texts(DecodingOptions.Choice decoding, MeteorOption.Choice meteor, Optional<String> out) {}

    @Mixin
    private RunOptions on;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "Data-set directory of a prepare-data command. May be given many times.")
    private List<String> data;

    @Mixin
    private SplitOption split;

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

    @Option(
            names = "--generate",
            description =
                    "Of a language model: complete each prompt of the data once at each rank, and compare with the"
                            + " completions of all its examples by BLEU-4, NIST-5, ROUGE-L, CIDEr and METEOR.")
    private boolean generate;

    @Mixin
    private DecodingOptions decoding;

    @Mixin
    private MeteorOption meteor;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Folder for the texts that --generate makes, a file of JSON lines for each rank.")
    private String out;

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
        if (data.stream().anyMatch(String::isBlank)) {
            throw new UsageException("--data names an empty path. Name a data-set directory.");
        }
        if (out != null && data.size() > 1) {
            throw new UsageException(
                    "--out is one folder, and --data names several data sets. Measure them one by one, or leave --out out.");
        }
        return new Request(on.choice(), data, split.choice(), ascending, suffixes, texts());
    }

    /**
     * The examples of each data set.
     *
     * @throws org.erat.data.BadInputException if they are not of the adapter's task and base model, or have no labels
     */
    private static List<SplitOption.Examples> examples(SparkSession session, AdapterUse use, Request request) {
        List<TokenizedDataset> all = request.data().stream()
                .map(directory -> TokenizedDataset.open(session, directory))
                .toList();
        all.forEach(each -> use.requireMatch(each, session.sparkContext().hadoopConfiguration()));
        all.forEach(TokenizedDataset::requireLabels);
        return all.stream().map(request.split()::of).toList();
    }

    private Optional<Texts> texts() {
        if (!generate && (decoding.given() || meteor.choice().folder().isPresent() || out != null)) {
            throw new UsageException(
                    "Options of decoding, --meteor-data and --out are of generated texts. Ask for these"
                            + " with --generate.");
        }
        return generate
                ? Optional.of(new Texts(decoding.choice(), meteor.choice(), Optional.ofNullable(out)))
                : Optional.empty();
    }

    @Override
    void run(Request request, Progress progress) {
        try (SparkSession session = Sessions.open("evaluate " + request.on().runDir())) {
            SparkWork.run(session.sparkContext(), progress, () -> {
                FinishedRun run = request.on().run(session, progress);
                AdapterUse use = request.on().use(session, run, RowOrder.TRAINED);
                EvaluationRequest measured = EvaluationRequest.of(
                        use.adapter(), run.orders(request.on().order()), request.ranks(), request.suffixes());
                List<SplitOption.Examples> all = examples(session, use, request);
                request.texts().ifPresent(of -> of.meteor().sayIfLeftOut(progress));
                List<Optional<TextEvaluation>> texts = all.stream()
                        .map(examples ->
                                request.texts().map(of -> TextEvaluation.prepare(session, use, examples, of, progress)))
                        .toList();
                for (int i = 0; i < all.size(); i++) {
                    SplitOption.Examples examples = all.get(i);
                    Evaluation evaluation = Evaluator.evaluate(
                            session, use, examples.data(), measured.on(examples.split()), progress::say);
                    progress.say(examples.describe());
                    EvaluationTable.lines(
                                    texts.get(i).map(of -> of.addTo(evaluation)).orElse(evaluation))
                            .forEach(progress::say);
                }
            });
        }
    }
}
