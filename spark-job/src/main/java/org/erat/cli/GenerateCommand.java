package org.erat.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.erat.config.ComputeSettings;
import org.erat.config.JobConfig;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.storage.AtomicOutput;
import org.erat.data.storage.Storage;
import org.erat.generation.GeneratedText;
import org.erat.generation.Generations;
import org.erat.generation.Prompt;
import org.erat.generation.TextModel;
import org.erat.inference.Selection;
import org.erat.model.BaseModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "generate",
        description = "Writes how a language model completes prompts: a line of JSON for each prompt with id, prompt,"
                + " completion, tokens and reason, which is end or length.",
        footer = {
            "",
            "Examples:",
            "  submit/erat generate --model work/gpt2 --input prompts.jsonl --out work/completions.jsonl",
            "  submit/erat generate --run-dir runs/e2e --rank 4 --input work/e2e --beams 10 --length-penalty 0.8 \\",
            "    --no-repeat-ngram 4 --max-new-tokens 64 --out work/completions.jsonl",
            "  submit/erat generate --model work/gpt2 --input prompts.jsonl --temperature 0.8 --top-p 0.9 --seed 1 \\",
            "    --out work/completions.jsonl"
        })
final class GenerateCommand extends JobCommand<GenerateCommand.Request> {
    /**
     * What to generate.
     *
     * @param runDir run directory; empty for the base model alone
     * @param model base-model directory; empty for that of the run
     * @param rank rank of the adapter, 0 for the base model alone; empty for all of it
     * @param overrides settings of {@code compute}, by key
     * @param out file to write
     */
    record Request(
            Optional<String> runDir,
            Optional<String> model,
            OptionalInt rank,
            Optional<OrderChoice> order,
            Map<String, String> overrides,
            PromptOptions.Choice input,
            DecodingOptions.Choice decoding,
            String out) {}

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description = "Run directory of a train command. Without it, --model is used without an adapter.")
    private String runDir;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "Base-model directory: without --run-dir the model to use, and with it that of the adapter, where"
                            + " it is not there any more.")
    private String model;

    @Option(
            names = "--rank",
            paramLabel = "N",
            description =
                    "Rank of the adapter to use, from 1 to the rank it was trained at; 0 is the base model without"
                            + " the adapter (default: the rank it was trained at).")
    private Integer rank;

    @Mixin
    private OrderOption order;

    @Mixin
    private PromptOptions input;

    @Mixin
    private DecodingOptions decoding;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "File to write, in JSON lines; one that is there is replaced.")
    private String out;

    @Mixin
    private Overrides set;

    @Override
    Request request() {
        if (runDir == null && model == null) {
            throw new UsageException(
                    "Nothing to generate with. Name a run with --run-dir, or a base model with --model.");
        }
        if (runDir == null && (rank != null || order.choice().isPresent())) {
            throw new UsageException("--rank and --order are of an adapter. Name its run with --run-dir.");
        }
        if (rank != null && rank < 0) {
            throw new UsageException("--rank " + rank + " is below 0. Name a rank from 1 to the adapter's rank, or 0.");
        }
        return new Request(
                Optional.ofNullable(runDir),
                Optional.ofNullable(model),
                rank == null ? OptionalInt.empty() : OptionalInt.of(rank),
                order.choice(),
                set.ofCompute(),
                input.choice(),
                decoding.choice(),
                out);
    }

    @Override
    void run(Request request, Progress progress) {
        try (SparkSession session =
                Sessions.open("generate " + request.runDir().or(request::model).orElseThrow())) {
            SparkWork.run(session.sparkContext(), progress, () -> generate(session, request, progress));
            progress.say("completions: " + request.out());
        }
    }

    private static void generate(SparkSession session, Request request, Progress progress) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        Optional<FinishedRun> run = request.runDir().map(directory -> FinishedRun.read(directory, hadoop, progress));
        BaseModel base = BaseModel.describe(
                request.model()
                        .orElseGet(() -> run.orElseThrow().adapter().base().name()),
                hadoop);
        Selection selection =
                run.map(of -> selection(of, base, request, progress)).orElse(null);
        ComputeSettings compute =
                run.map(of -> of.job(request.overrides()).compute()).orElseGet(() -> compute(request.overrides()));
        TextModel model = TextModel.read(hadoop, base, selection, compute);
        List<Prompt> prompts = model.prompts(tokenizer -> request.input().prompts(session, base, tokenizer));
        AtomicOutput output = AtomicOutput.at(Storage.path(request.out()), hadoop);
        output.requireFile();
        DecodingOptions.Choice decoding = request.decoding();
        Generations generations = new Generations(session, decoding.settings(), decoding.batchSize(), progress::say);
        GeneratedText.write(generations.of(model, prompts), output);
    }

    /** The rows of a run's adapter. */
    private static Selection selection(FinishedRun run, BaseModel base, Request request, Progress progress) {
        int rank = request.rank().orElse(run.adapter().rank());
        if (rank == 0) {
            return Selection.prefix(run.adapter().on(base), rank);
        }
        run.adapter().requireRank(rank);
        RowOrder order = run.order(request.order(), rank);
        progress.say("rank " + rank + ", order of the rows: " + order.key());
        return Selection.prefix(run.adapter().inOrder(order).on(base), rank);
    }

    /** Where there is no run whose settings these are. */
    private static ComputeSettings compute(Map<String, String> overrides) {
        return JobConfig.parse("model.path = none, data.train = none", "generate", Overrides.pairs(overrides))
                .compute();
    }
}
