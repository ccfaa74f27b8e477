package org.erat.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "train",
        description = {
            "Trains an adapter and writes it, its quality by rank and how it came about into a run directory.",
            "The run directory is the identity of the run: the same command again does nothing and exits with 0 if the run"
                    + " has finished, goes on from the last checkpoint if it has not, and is refused with 2 if the"
                    + " configuration is another."
        },
        footer = {
            "",
            "Examples:",
            "  submit/erat train --conf conf/quickstart.conf --run-dir runs/quickstart",
            "  submit/erat train --conf conf/glue.conf --run-dir runs/sst2-r16 \\",
            "    --set data.train=work/sst2/train --set adapter.rank=16",
            "  submit/erat --master yarn train --conf conf/glue.conf --run-dir hdfs:///runs/sst2 --resume"
        })
final class TrainCommand implements Callable<Integer> {
    /**
     * What to train.
     *
     * @param conf configuration file
     * @param overrides values that go before those of the file, by key, in the order given
     * @param runDir run directory
     * @param resume whether to refuse where there is no run to go on with
     * @param dryRun whether to check and tell only
     */
    record Request(String conf, Map<String, String> overrides, String runDir, boolean resume, boolean dryRun) {}

    @ParentCommand
    private Main root;

    @Option(
            names = "--conf",
            required = true,
            paramLabel = "FILE",
            description =
                    "Configuration of the run in HOCON, a local file or one on any Hadoop file system; spark-job/src/main/resources/erat-reference.conf"
                            + " describes every key.")
    private String conf;

    @Mixin
    private Overrides set;

    @Option(
            names = "--run-dir",
            required = true,
            paramLabel = "DIR",
            description = "Run directory, on any Hadoop file system; it is created where there is none.")
    private String runDir;

    @Option(
            names = "--resume",
            description =
                    "Fail with 2 if there is no unfinished or finished run in --run-dir. Going on with one that is"
                            + " there needs no option.")
    private boolean resume;

    @Option(
            names = "--dry-run",
            description = "Check configuration, data, model, permissions, memory and traffic; print the plan and the"
                    + " resolved configuration, and start nothing.")
    private boolean dryRun;

    @Override
    public Integer call() {
        root.jobs().train(new Request(conf, set.byKey(), runDir, resume, dryRun), root.progress());
        return 0;
    }
}
