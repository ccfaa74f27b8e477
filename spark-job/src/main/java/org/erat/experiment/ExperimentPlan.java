package org.erat.experiment;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.Grid;
import org.erat.evaluation.Evaluation;
import org.erat.job.RunTotals;
import org.erat.job.TrainingData;
import org.erat.job.TrainingPlan;
import org.erat.job.TrainingPlanner;

/** What an experiment will do, found out without starting it. */
public final class ExperimentPlan {
    private final TrainingPlanner planner;
    private final Configuration hadoop;
    private final Grid grid;
    private final String folder;
    private final List<String> lines = new ArrayList<>();

    private int runs;
    private int runsLeft;
    private double tokensLeft;
    private double tokensDone;
    private double secondsDone;

    private ExperimentPlan(TrainingPlanner planner, Configuration hadoop, Grid grid, String folder) {
        this.planner = planner;
        this.hadoop = hadoop;
        this.grid = grid;
        this.folder = folder;
    }

    /**
     * The runs with their state, and how long those that are left will take, by all rounds that are done.
     *
     * @param session any; it reads the data that a search and a comparison have, where they may be the same
     * @param conf Spark's configuration of the runs
     * @param atATime runs that are made side by side
     * @throws org.erat.data.EratException if model, data, memory or run directory of one would not do
     */
    public static List<String> lines(SparkSession session, SparkConf conf, Grid grid, String folder, int atATime) {
        SearchData.requireOther(grid, data -> TrainingData.open(session, data));
        ExperimentPlan plan = new ExperimentPlan(
                new TrainingPlanner(session, conf), session.sparkContext().hadoopConfiguration(), grid, folder);
        plan.addAll();
        plan.lines.add(plan.time(atATime));
        return plan.lines;
    }

    private void addAll() {
        List<TrialResult> found = new ArrayList<>();
        for (Grid.Trial trial : grid.search()) {
            String directory = folder + "/" + Experiment.SEARCH + "/" + trial.folder();
            if (add(trial, directory) == RunDirectory.State.FINISHED) {
                found.add(result(trial, directory));
            }
        }
        if (found.size() == grid.search().size()) {
            SearchResult.chosen(grid, SearchResult.of(grid, found))
                    .forEach(trial -> add(trial, folder + "/" + Experiment.RUNS + "/" + trial.folder()));
        } else {
            grid.names().forEach(this::addWithoutValue);
        }
    }

    private RunDirectory.State add(Grid.Trial trial, String directory) {
        TrainingPlan plan = planner.plan(trial.job());
        RunDirectory.State state =
                RunDirectory.check(directory, hadoop, trial.job().render(), plan.fingerprint(), false);
        double done = 0;
        if (state != RunDirectory.State.NEW) {
            RunTotals totals =
                    RunTotals.of(open(directory), trial.job().training().shards());
            done = totals.tokens();
            tokensDone += done;
            secondsDone += totals.seconds();
        }
        runs++;
        if (state != RunDirectory.State.FINISHED) {
            runsLeft++;
            tokensLeft += Math.max(0, plan.tokens() - done);
        }
        lines.add(directory + ": "
                + switch (state) {
                    case NEW -> "to be made";
                    case RESUMABLE -> "to be gone on with";
                    case FINISHED -> "finished";
                });
        return state;
    }

    /** A run whose value is not known yet: it must be possible with each. */
    private void addWithoutValue(String name) {
        double tokens = grid.trials().stream()
                .filter(trial -> trial.name().equals(name))
                .mapToDouble(trial -> planner.plan(trial.job()).tokens())
                .max()
                .orElseThrow();
        runs++;
        runsLeft++;
        tokensLeft += tokens;
        lines.add(folder + "/" + Experiment.RUNS + "/" + name + ": to be made with the value that the search chooses");
    }

    private RunDirectory open(String directory) {
        return RunDirectory.read(directory, hadoop, line -> {});
    }

    private TrialResult result(Grid.Trial trial, String directory) {
        RunDirectory run = open(directory);
        // A grid has no run that is not measured.
        Evaluation evaluation = Evaluation.parse(
                run.read(Evaluation.FILE).orElseThrow(),
                run.path(Evaluation.FILE).toString());
        return new TrialResult(
                trial,
                evaluation,
                RunTotals.of(run, trial.job().training().shards()).seconds());
    }

    private String time(int atATime) {
        String left = runsLeft + " of " + runs + " runs are left, " + atATime + " at a time: ";
        if (tokensDone == 0) {
            return left + "how long they take is known once a round has ended";
        }
        Duration time = Duration.ofSeconds(Math.round(tokensLeft * secondsDone / tokensDone / atATime));
        return left + "about " + time.toMinutes() + " minutes of training, by the rounds that are done";
    }
}
