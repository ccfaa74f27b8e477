package org.erat.cli;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.export.AdapterFiles;
import org.erat.export.Export;
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
                + " adapter_model.safetensors).",
        footer = {
            "",
            "Examples:",
            "  submit/erat export --run-dir runs/quickstart --rank 4 --out work/adapter-r4",
            "  submit/erat export --run-dir runs/quickstart --block-ranks 2,3,4,5,6,8 --portable \\",
            "    --out work/adapter-mixed"
        })
final class ExportCommand extends JobCommand<ExportCommand.Request> {
    /**
     * What to export.
     *
     * @param runDir run directory
     * @param rank the same rank for all blocks; empty where {@code blockRanks} is not
     * @param blockRanks a rank for each block from the first, 0 for none; empty where {@code rank} is not
     * @param model base-model directory, where it is another than at training
     * @param portable whether to fold scales into B, for readers that know nothing of ranks that differ
     * @param out directory to write
     */
    record Request(
            String runDir,
            OptionalInt rank,
            List<Integer> blockRanks,
            Optional<String> model,
            boolean portable,
            String out) {}

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

    @Mixin
    private BaseModelOption model;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Adapter directory to write.")
    private String out;

    @Override
    Request request() {
        if (ranks.rank != null && ranks.rank < 1) {
            throw new UsageException("--rank " + ranks.rank + " is below 1. Name a rank from 1 to the adapter's rank.");
        }
        List<Integer> blockRanks = ranks.blockRanks == null ? List.of() : List.copyOf(ranks.blockRanks);
        for (int rank : blockRanks) {
            if (rank < 0) {
                throw new UsageException("--block-ranks " + rank + " is below 0. Use 0 for a block without adapter.");
            }
        }
        OptionalInt rank = ranks.rank == null ? OptionalInt.empty() : OptionalInt.of(ranks.rank);
        return new Request(runDir, rank, blockRanks, model.directory(), portable, out);
    }

    @Override
    boolean loadsNativeCode() {
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
        TrainedAdapter adapter = request.model()
                .map(base -> run.adapter().on(BaseModel.describe(base, hadoop)))
                .orElse(run.adapter());
        PeftAdapter peft = request.rank().isPresent()
                ? Export.uniform(adapter, request.rank().getAsInt(), request.portable())
                : Export.byBlock(adapter, request.blockRanks(), request.portable());
        AdapterFiles.write(adapter, peft, TokenizerFiles.in(run.adapterPath(), hadoop), directory, hadoop);
        progress.say("adapter: " + request.out());
    }
}
