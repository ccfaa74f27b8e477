package org.erat.experiment;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.Grid;
import org.erat.job.RunTotals;
import org.erat.job.TrainingPlan;

/** What an experiment will do, found out without starting it. */
public final class ExperimentPlan {
    private ExperimentPlan() {}

    /**
     * The runs with their state, and how long those that are left will take, by the mean of the finished ones.
     *
     * @param session any; nothing runs on it
     * @param conf Spark's configuration of the runs
     * @param atATime runs that are made side by side
     * @throws org.erat.data.EratException if model, data, memory or run directory of one would not do
     */
    public static List<String> lines(SparkSession session, SparkConf conf, Grid grid, String folder, int atATime) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        List<String> lines = new ArrayList<>();
        List<Grid.Trial> left = new ArrayList<>();
        List<Double> seconds = new ArrayList<>();
        for (Grid.Trial trial : grid.trials()) {
            String directory = Experiment.directory(folder, trial);
            TrainingPlan plan = TrainingPlan.of(session, conf, trial.job());
            RunDirectory.State state =
                    RunDirectory.check(directory, hadoop, trial.job().render(), plan.fingerprint(), false);
            if (state == RunDirectory.State.FINISHED) {
                seconds.add(RunTotals.of(
                                RunDirectory.read(directory, hadoop, line -> {}),
                                trial.job().training().shards())
                        .seconds());
            } else {
                left.add(trial);
            }
            lines.add(directory + ": "
                    + switch (state) {
                        case NEW -> "to be made";
                        case RESUMABLE -> "to be gone on with";
                        case FINISHED -> "finished";
                    });
        }
        OptionalDouble mean = seconds.stream().mapToDouble(Double::doubleValue).average();
        lines.add(left.size() + " of " + grid.trials().size() + " runs are left, " + atATime + " at a time: "
                + (mean.isPresent()
                        ? "about "
                                + Duration.ofSeconds((long) (mean.getAsDouble() * left.size() / atATime))
                                        .toMinutes()
                                + " minutes of training, by the " + seconds.size() + " that have finished"
                        : "how long they take is known once one has finished"));
        return lines;
    }
}
