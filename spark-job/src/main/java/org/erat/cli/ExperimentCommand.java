package org.erat.cli;

import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.config.Grid;
import org.erat.data.UsageException;
import org.erat.experiment.Experiment;
import org.erat.experiment.ExperimentPlan;
import org.erat.monitoring.ClusterLog;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "experiment",
        description = {
            "Trains every run of a grid (methods, tasks, swept values, seeds) in one Spark application, and compares them"
                    + " in a table and in curves by rank: means over the seeds with their spread, and differences from a baseline.",
            "Where the grid chooses values, search runs on other data find each method's best first.",
            "The same command again makes what is missing. A run that fails is reported, and the others are made."
        },
        footer = {
            "",
            "Examples:",
            "  submit/erat experiment --grid conf/experiments/wordnet-orders.conf --out work/experiments/wordnet",
            "  submit/erat experiment --grid conf/experiments/wordnet-orders.conf --out work/experiments/wordnet --dry-run"
        })
final class ExperimentCommand extends JobCommand<ExperimentCommand.Request> {
    /**
     * What to train and compare.
     *
     * @param grid file of the grid
     * @param overrides values that go before those of the grid, in all runs, by key
     * @param out folder of runs and results
     * @param parallel most runs at a time
     * @param dryRun whether to check and tell only
     */
    record Request(String grid, Map<String, String> overrides, String out, int parallel, boolean dryRun) {}

    @Option(
            names = "--grid",
            required = true,
            paramLabel = "FILE",
            description = "Grid in HOCON, a local file or one on any Hadoop file system.")
    private String grid;

    @Mixin
    private Overrides set;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "Folder for the runs and the results, on any Hadoop file system.")
    private String out;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "1",
            description = "Runs to make side by side, where there are cores for the shards of several (default: 1).")
    private int parallel;

    @Option(
            names = "--dry-run",
            description = "Check the grid, list its runs and what is known about their time, and start nothing.")
    private boolean dryRun;

    @Override
    Request request() {
        if (parallel < 1) {
            throw new UsageException("--parallel " + parallel + " is below 1. Name how many runs to make at a time.");
        }
        return new Request(grid, set.byKey(), out, parallel, dryRun);
    }

    @Override
    void check(Request request) {
        if (!ConfigurationFile.hasScheme(request.grid())) {
            runs(request);
        }
    }

    private static Grid runs(Request request) {
        return Grid.load(ConfigurationFile.locally(request.grid()), Overrides.pairs(request.overrides()));
    }

    @Override
    void run(Request request, Progress progress) {
        Grid runs = runs(request);
        if (request.dryRun()) {
            try (SparkSession session = Sessions.openHere("dry run of experiment " + request.out())) {
                ExperimentPlan.lines(
                                session,
                                Sessions.withDefaults(new SparkConf()),
                                runs,
                                request.out(),
                                request.parallel())
                        .forEach(progress::say);
            }
            return;
        }
        try (SparkSession session = Sessions.open("experiment " + request.out())) {
            session.sparkContext()
                    .addSparkListener(new ClusterLog(
                            session.sparkContext().conf().getInt("spark.task.maxFailures", 4), progress::say));
            Experiment experiment = new Experiment(session, runs, request.out(), progress::say);
            SparkWork.run(session.sparkContext(), progress, () -> {
                try {
                    experiment.run(request.parallel());
                } finally {
                    experiment.table().forEach(progress::say);
                }
            });
        }
    }
}
