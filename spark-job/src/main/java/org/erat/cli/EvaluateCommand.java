package org.erat.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.erat.data.UsageException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "evaluate",
        description =
                "Measures a trained adapter at every rank and prints the table. The run directory stays as it is: its"
                        + " evaluation.json is what train measured.",
        footer = {
            "",
            "Examples:",
            "  submit/erat evaluate --run-dir runs/quickstart --data work/wordnet",
            "  submit/erat evaluate --run-dir runs/sst2 --data work/sst2 --ranks 1,2,4,8 --suffixes",
            "  submit/erat evaluate --run-dir runs/sst2 --data work/sst2 --model work/bert-base --set compute.device=cpu"
        })
final class EvaluateCommand implements Callable<Integer> {
    /**
     * What to measure.
     *
     * @param on run, data and what to compute with
     * @param ranks ranks to measure at, ascending; empty for all
     * @param suffixes whether to measure the last rows alone too
     */
    record Request(RunAndData.Choice on, List<Integer> ranks, boolean suffixes) {}

    @ParentCommand
    private Main root;

    @Mixin
    private RunAndData on;

    @Option(
            names = "--ranks",
            split = ",",
            paramLabel = "N",
            description = "Ranks to measure at, from 1 to the adapter's rank (default: all).")
    private List<Integer> ranks = List.of();

    @Option(
            names = "--suffixes",
            description = "Measure the last rows alone too, which shows whether the tail of the adapter has learnt.")
    private boolean suffixes;

    @Override
    public Integer call() {
        for (int rank : ranks) {
            if (rank < 1) {
                throw new UsageException("--ranks " + rank + " is below 1. Name ranks from 1 to the adapter's rank.");
            }
        }
        List<Integer> ascending = ranks.stream().sorted().distinct().toList();
        root.jobs().evaluate(new Request(on.choice(), ascending, suffixes), root.progress());
        return 0;
    }
}
