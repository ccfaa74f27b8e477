package org.erat.cli;

import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.dl4j.LearnerGraph;
import org.erat.job.RoundQuality;
import org.erat.job.RunListener;
import org.erat.job.TrainingPlan;
import org.erat.job.TrainingPlanner;
import org.erat.job.TrainingRun;
import org.erat.model.BaseModel;
import org.erat.monitoring.ClusterLog;
import org.erat.training.round.RoundReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "train",
        description = {
            "Trains an adapter and writes it, its quality by rank and how it came about into a run directory.",
            "The run directory is the identity of the run: the same command again does nothing and exits with 0 if the run"
                    + " has finished, resumes from the last checkpoint if it has not, and is refused with 2 if the"
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
final class TrainCommand extends JobCommand<TrainCommand.Request> {
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
    Request request() {
        return new Request(conf, set.byKey(), runDir, resume, dryRun);
    }

    @Override
    void check(Request request) {
        if (!ConfigurationFile.hasScheme(request.conf())) {
            configuration(request);
        }
    }

    private static JobConfig configuration(Request request) {
        return JobConfig.load(ConfigurationFile.locally(request.conf()), Overrides.pairs(request.overrides()));
    }

    @Override
    void run(Request request, Progress progress) {
        JobConfig job = configuration(request);
        if (request.dryRun()) {
            dryRun(job, request, progress);
            return;
        }
        LearnerGraph.loadInBackground();
        BaseModel.readInBackground(job.model().path());
        try (SparkSession session = Sessions.open("train " + request.runDir())) {
            session.sparkContext()
                    .addSparkListener(new ClusterLog(
                            session.sparkContext().conf().getInt("spark.task.maxFailures", 4), progress::say));
            SparkWork.run(session.sparkContext(), progress, () -> new TrainingRun(session, job, new Lines(progress))
                    .run(request.runDir(), request.resume()));
        }
    }

    /** Looks at all that training would use, in this process only. */
    private static void dryRun(JobConfig job, Request request, Progress progress) {
        try (SparkSession session = Sessions.openHere("dry run of train " + request.runDir())) {
            TrainingPlan plan = new TrainingPlanner(session, Sessions.withDefaults(new SparkConf())).plan(job);
            RunDirectory.State state = RunDirectory.check(
                    request.runDir(),
                    session.sparkContext().hadoopConfiguration(),
                    job.render(),
                    plan.fingerprint(),
                    request.resume());
            progress.say("run directory: " + request.runDir() + ", "
                    + switch (state) {
                        case NEW -> "where nothing is yet";
                        case RESUMABLE -> "where an unfinished run goes on";
                        case FINISHED -> "where the run has finished: nothing to do";
                    });
            plan.lines().forEach(progress::say);
            progress.say("configuration:");
            job.render().lines().forEach(line -> progress.say("  " + line));
        }
    }

    /** A run's progress, line by line. */
    private static final class Lines implements RunListener {
        private final Progress progress;
        private Progress.Rounds rounds;

        Lines(Progress progress) {
            this.progress = progress;
        }

        @Override
        public void say(String line) {
            progress.say(line);
        }

        @Override
        public void roundsBegin(int done, int total) {
            rounds = progress.rounds(done, total);
        }

        @Override
        public void roundDone(RoundReport report) {
            rounds.completed(report.round() + 1, report.loss(), report.examples(), report.tokens(), "");
        }

        @Override
        public void roundDone(RoundReport report, RoundQuality quality) {
            rounds.completed(report.round() + 1, report.loss(), report.examples(), report.tokens(), quality.toText());
        }
    }
}
