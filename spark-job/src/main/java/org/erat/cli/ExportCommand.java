package org.erat.cli;

import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.storage.Storage;
import org.erat.export.AdapterFiles;
import org.erat.export.Export;
import org.erat.export.MergedModel;
import org.erat.export.PeftAdapter;
import org.erat.export.TokenizerFiles;
import org.erat.export.TrainedAdapter;
import org.erat.model.BaseModel;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "export",
        description = "Writes a trained adapter at the ranks of your choice in PEFT's format (adapter_config.json,"
                + " adapter_model.safetensors), or its base model with the adapter in the weights.",
        footer = {
            "",
            "Examples:",
            "  submit/erat export --run-dir runs/quickstart --rank 4 --out work/adapter-r4",
            "  submit/erat export --run-dir runs/quickstart --block-ranks 2,3,4,5,6,8 --portable \\",
            "    --out work/adapter-mixed",
            "  submit/erat export --run-dir runs/quickstart --budget 40k --out work/adapter-40k",
            "  submit/erat export --run-dir runs/e2e --rank 4 --merged --out work/model-r4"
        })
final class ExportCommand extends JobCommand<ExportCommand.Request> {
    /**
     * What to export.
     *
     * @param runDir run directory
     * @param ranks which rows
     * @param order orders of the rows to choose from, where they are others than the run's
     * @param model base-model directory, where it is another than at training
     * @param portable whether to fold scales into B, for readers that know nothing of ranks that differ
     * @param merged whether to write the base model with the adapter in its weights
     * @param out directory to write
     */
    record Request(
            String runDir,
            Chosen ranks,
            Optional<OrderChoice> order,
            Optional<String> model,
            boolean portable,
            boolean merged,
            String out) {}

    /** Which rows to export. */
    sealed interface Chosen {
        /** The same rank for all blocks. */
        record Uniform(int rank) implements Chosen {}

        /** A rank for each block from the first, 0 for none. */
        record ByBlock(List<Integer> ranks) implements Chosen {}

        /** The rows that contribute most, so many values in all. */
        record Within(long parameters) implements Chosen {}
    }

    static final class Ranks {
        @Option(
                names = "--rank",
                required = true,
                paramLabel = "N",
                description = "Rank of every block, from 1 to the rank it was trained at.")
        private Integer rank;

        @Option(
                names = "--block-ranks",
                required = true,
                split = ",",
                paramLabel = "N",
                description = "A rank for each block from the first, 0 to leave a block without adapter.")
        private List<Integer> blockRanks;

        @Option(
                names = "--budget",
                required = true,
                paramLabel = "N",
                description = "Most values of the adapters in all, such as 150k or 1.5m: the rows that contribute most,"
                        + " by one threshold over all modules, in canonical order.")
        private String budget;

        private Chosen chosen() {
            if (rank != null) {
                return new Chosen.Uniform(rank);
            }
            return budget == null
                    ? new Chosen.ByBlock(List.copyOf(blockRanks))
                    : new Chosen.Within(Budget.parse(budget));
        }
    }

    @Option(names = "--run-dir", required = true, paramLabel = "DIR", description = "Run directory of a train command.")
    private String runDir;

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Ranks ranks;

    @Option(
            names = "--portable",
            description =
                    "Fold the scale into B and write lora_alpha equal to the rank everywhere, for readers that know"
                            + " no rank_pattern.")
    private boolean portable;

    @Option(
            names = "--merged",
            description =
                    "Write the whole base model with the adapter in its weights, as a Hugging Face directory in the"
                            + " precision of the checkpoint that it was prepared from, with the task head. Not for heads of"
                            + " head.pooling = mean, which no class of the transformers library has.")
    private boolean merged;

    @Mixin
    private BaseModelOption model;

    @Mixin
    private OrderOption order;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Directory to write.")
    private String out;

    @Override
    Request request() {
        Chosen chosen = ranks.chosen();
        if (chosen instanceof Chosen.Uniform uniform && uniform.rank() < 1) {
            throw new UsageException(
                    "--rank " + uniform.rank() + " is below 1. Name a rank from 1 to the adapter's rank.");
        }
        if (chosen instanceof Chosen.ByBlock byBlock) {
            for (int rank : byBlock.ranks()) {
                if (rank < 0) {
                    throw new UsageException(
                            "--block-ranks " + rank + " is below 0. Use 0 for a block without adapter.");
                }
            }
        }
        if (chosen instanceof Chosen.Within
                && order.choice().filter(OrderChoice.TRAINED::equals).isPresent()) {
            throw new UsageException("--budget takes the rows that contribute most, which needs canonical order: leave"
                    + " --order trained out.");
        }
        if (merged && portable) {
            throw new UsageException("--portable is about an adapter's files, and --merged writes a whole model: leave"
                    + " --portable out.");
        }
        return new Request(runDir, chosen, order.choice(), model.directory(), portable, merged, out);
    }

    @Override
    boolean loadsNativeCode() {
        return false;
    }

    @Override
    boolean startsSpark() {
        return false;
    }

    @Override
    void run(Request request, Progress progress) {
        // No session is needed, only what spark.hadoop.* says about file systems.
        Configuration hadoop = SparkHadoopUtil.get().conf();
        FinishedRun run = FinishedRun.read(request.runDir(), hadoop, progress);
        Path directory = Storage.path(request.out());
        if (RunDirectory.isPartOfRun(directory, hadoop)) {
            throw new UsageException("--out " + request.out()
                    + " is inside a run directory, whose own adapter has all ranks and must stay. Name another"
                    + " folder.");
        }
        if (request.merged()) {
            MergedModel.requireClass(run.adapter());
        }
        // Merging reads the base model, so it has to be the one that the adapter was trained on.
        Optional<String> base = request.model()
                .or(() -> Optional.of(run.adapter().base().name()).filter(name -> request.merged()));
        TrainedAdapter adapter = base.map(
                        directoryOfBase -> run.adapter().on(BaseModel.describe(directoryOfBase, hadoop)))
                .orElse(run.adapter());
        RowOrder order = order(request, run);
        PeftAdapter peft = cut(adapter, order, request).on(adapter.nameOfBase(hadoop));
        progress.say("order of the rows: " + order.key());
        if (request.merged()) {
            merge(adapter, peft, directory, hadoop, progress);
        } else {
            AdapterFiles.write(adapter, peft, TokenizerFiles.in(run.adapterPath(), hadoop), directory, hadoop);
            progress.say("adapter: " + request.out());
        }
    }

    private static void merge(
            TrainedAdapter adapter, PeftAdapter peft, Path directory, Configuration hadoop, Progress progress) {
        String base = adapter.base().name();
        try (BaseModelDirectory model = BaseModel.open(base, hadoop)) {
            progress.say("merging into the base model, in " + model.dtype());
            TokenizerFiles tokenizer = TokenizerFiles.in(Storage.path(base), hadoop);
            MergedModel.write(adapter, peft, model, tokenizer, directory, hadoop);
        }
        progress.say("model: " + directory);
    }

    private static RowOrder order(Request request, FinishedRun run) {
        if (request.ranks() instanceof Chosen.Uniform uniform) {
            run.adapter().requireRank(uniform.rank());
            return run.order(request.order(), uniform.rank());
        }
        RowOrder order = run.order(request.order());
        return request.ranks() instanceof Chosen.Within && order == RowOrder.TRAINED ? RowOrder.CANONICAL : order;
    }

    private static PeftAdapter cut(TrainedAdapter adapter, RowOrder order, Request request) {
        if (request.ranks() instanceof Chosen.Within budget) {
            return Export.within(adapter, order, budget.parameters(), request.portable());
        }
        TrainedAdapter ordered = adapter.inOrder(order);
        return request.ranks() instanceof Chosen.Uniform uniform
                ? Export.uniform(ordered, uniform.rank(), request.portable())
                : Export.byBlock(ordered, ((Chosen.ByBlock) request.ranks()).ranks(), request.portable());
    }
}
