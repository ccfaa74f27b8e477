package org.erat.cli;

import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.export.Resize;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "resize",
        description =
                "Lowers the ranks of any LoRA adapter in PEFT's format, trained anywhere, to the closest adapter of"
                        + " those ranks (singular value decomposition of each B·A). Other files of the directory are copied.",
        footer = {
            "",
            "Examples:",
            "  submit/erat resize --adapter work/lora-r64 --rank 8 --out work/lora-r8",
            "  submit/erat resize --adapter work/lora-r64 --energy 0.95 --out work/lora-95",
            "  submit/erat resize --adapter work/lora-r64 --budget 1.5m --out work/lora-1.5m"
        })
final class ResizeCommand extends JobCommand<ResizeCommand.Request> {
    /**
     * What to resize.
     *
     * @param adapter adapter directory
     * @param target which rows to keep
     * @param out directory to write
     */
    record Request(String adapter, Resize.Target target, String out) {}

    static final class Size {
        @Option(
                names = "--rank",
                required = true,
                paramLabel = "N",
                description = "Rank of every module, from 1 to the highest it has.")
        private Integer rank;

        @Option(
                names = "--energy",
                required = true,
                paramLabel = "F",
                description =
                        "Of each module the fewest rows that hold this share of the squared norm of B·A: above 0, at"
                                + " most 1.")
        private Double energy;

        @Option(
                names = "--budget",
                required = true,
                paramLabel = "N",
                description =
                        "Most values of all A and B in all, such as 150k or 1.5m: the rows that contribute most, by"
                                + " one threshold over all modules.")
        private String budget;

        Resize.Target target() {
            if (rank != null) {
                return new Resize.Target.Rank(rank);
            }
            if (budget != null) {
                return new Resize.Target.Budget(Budget.parse(budget));
            }
            if (!(energy > 0 && energy <= 1)) {
                throw new UsageException("--energy " + energy + " is not above 0 and at most 1. Try 0.9.");
            }
            return new Resize.Target.Energy(energy);
        }
    }

    @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "Adapter directory to read.")
    private String adapter;

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Size size;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Adapter directory to write.")
    private String out;

    @Override
    Request request() {
        return new Request(adapter, size.target(), out);
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
        Configuration hadoop = SparkHadoopUtil.get().conf();
        Path to = Storage.path(request.out());
        if (RunDirectory.isPartOfRun(to, hadoop)) {
            throw new UsageException("--out " + request.out() + " is inside a run directory. Name another folder.");
        }
        Resize.Kept kept = Resize.write(Storage.path(request.adapter()), request.target(), to, hadoop);
        progress.say(String.format(
                Locale.ROOT,
                "%,d modules of rank %s: %,d of %,d values, %.2f %% of the squared norm",
                kept.modules(),
                kept.ranks()[0] == kept.ranks()[1] ? kept.ranks()[0] : kept.ranks()[0] + " to " + kept.ranks()[1],
                kept.values()[1],
                kept.values()[0],
                100 * kept.energy()));
        progress.say("adapter: " + request.out());
    }
}
