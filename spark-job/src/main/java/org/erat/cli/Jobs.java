package org.erat.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.data.UsageException;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.storage.Storage;
import org.erat.data.text.PreparedData;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.dl4j.LearnerGraph;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.EvaluationRequest;
import org.erat.evaluation.EvaluationTable;
import org.erat.evaluation.Evaluator;
import org.erat.export.AdapterFiles;
import org.erat.export.Export;
import org.erat.export.PeftAdapter;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.inference.Predictions;
import org.erat.job.RunListener;
import org.erat.job.TrainingPlan;
import org.erat.job.TrainingRun;
import org.erat.model.BaseModel;
import org.erat.monitoring.ClusterLog;
import org.erat.monitoring.FailedTaskLog;
import org.erat.training.round.RoundReport;

/** What each command does: the one place that knows which rooms do the work. */
class Jobs {
    private static final String ADAPTER = "adapter";

    void prepareModel(PrepareModelCommand.Request request, Progress progress) {
        BaseModelImporter.Result result = importModel(request.from(), request.out(), progress);
        progress.say(String.format(
                "%s %s: %s, %d blocks of width %d",
                request.out(),
                result.reused() ? "is prepared already" : "is ready",
                result.architecture().family(),
                result.architecture().blocks(),
                result.architecture().width()));
    }

    /** Without a scheme the output is local, whatever the default file system is. */
    private static BaseModelImporter.Result importModel(String from, String out, Progress progress) {
        if (!ConfigurationFile.hasScheme(out)) {
            return BaseModelImporter.importModel(from, Path.of(out), progress::say);
        }
        org.apache.hadoop.fs.Path address = Storage.path(out);
        return address.toUri().getScheme().equals("file")
                ? BaseModelImporter.importModel(from, Path.of(address.toUri().getPath()), progress::say)
                : BaseModelImporter.importModel(
                        from, address, SparkHadoopUtil.get().newConfiguration(new SparkConf()), progress::say);
    }

    void prepareData(PrepareDataCommand.Request request, Progress progress) {
        try (SparkSession session = Sessions.open("prepare " + request.out())) {
            BaseModel model =
                    BaseModel.describe(request.model(), session.sparkContext().hadoopConfiguration());
            PreparedData prepared = Tokenization.prepare(
                    session,
                    new TokenizationRequest(
                            request.task(),
                            request.input(),
                            model.uri(),
                            model.architecture().vocabulary(),
                            Math.min(request.maxLength(), model.architecture().maxLength()),
                            request.out(),
                            request.validationFraction(),
                            request.seed()),
                    progress::say);
            Manifest manifest = prepared.manifest();
            progress.say(String.format(
                    "%s %s: %,d training and %,d validation examples",
                    request.out(),
                    prepared.reused() ? "is prepared already" : "is ready",
                    manifest.train().examples(),
                    manifest.validation().examples()));
        }
    }

    void train(TrainCommand.Request request, Progress progress) {
        JobConfig job = JobConfig.load(ConfigurationFile.locally(request.conf()), pairs(request.overrides()));
        if (request.dryRun()) {
            dryRun(job, request, progress);
            return;
        }
        LearnerGraph.loadInBackground();
        try (SparkSession session = Sessions.open("train " + request.runDir())) {
            session.sparkContext()
                    .addSparkListener(new ClusterLog(
                            session.sparkContext().conf().getInt("spark.task.maxFailures", 4), progress::say));
            withLog(session, progress, () -> new TrainingRun(session, job, new OnScreen(progress))
                    .run(request.runDir(), request.resume()));
        }
    }

    /** Where work fails for a reason that no message of ours explains, what the failed task had to say is shown. */
    private static void withLog(SparkSession session, Progress progress, Runnable work) {
        FailedTaskLog log = FailedTaskLog.of(session.sparkContext());
        try {
            SparkWork.run(session.sparkContext(), work);
        } catch (RuntimeException | Error e) {
            if (Failure.of(e).ofTheCluster() && !Interruption.hasBegun()) {
                log.lines().forEach(progress::say);
            }
            throw e;
        }
    }

    /** Looks at all that training would use, in this process only. */
    private static void dryRun(JobConfig job, TrainCommand.Request request, Progress progress) {
        try (SparkSession session = Sessions.openHere("dry run of train " + request.runDir())) {
            TrainingPlan plan = TrainingPlan.of(session, Sessions.withDefaults(new SparkConf()), job);
            RunDirectory.State state = RunDirectory.check(
                    request.runDir(), hadoop(session), job.render(), plan.fingerprint(), request.resume());
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

    /** Shows a run's rounds. */
    private static final class OnScreen implements RunListener {
        private final Progress progress;
        private Progress.Rounds rounds;

        OnScreen(Progress progress) {
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
            rounds.completed(report.round() + 1, report.loss(), report.examples(), report.tokens());
        }
    }

    void evaluate(EvaluateCommand.Request request, Progress progress) {
        try (SparkSession session = Sessions.open("evaluate " + request.on().runDir())) {
            withLog(session, progress, () -> {
                AdapterUse use = use(request.on(), session, progress);
                Evaluation evaluation = Evaluator.evaluate(
                        session,
                        use,
                        TokenizedDataset.open(session, request.on().data()),
                        EvaluationRequest.of(use.adapter(), request.ranks(), request.suffixes()),
                        progress::say);
                EvaluationTable.lines(evaluation).forEach(progress::say);
            });
        }
    }

    void predict(PredictCommand.Request request, Progress progress) {
        try (SparkSession session = Sessions.open("predict " + request.on().runDir())) {
            withLog(
                    session,
                    progress,
                    () -> Predictions.write(
                            session,
                            use(request.on(), session, progress),
                            TokenizedDataset.open(session, request.on().data()),
                            Split.VALIDATION,
                            request.rank(),
                            Storage.path(request.out()),
                            progress::say));
            progress.say("predictions: " + request.out());
        }
    }

    /** The adapter of a finished run, with what is chosen for this use of it. */
    private static AdapterUse use(RunAndData.Choice on, SparkSession session, Progress progress) {
        RunDirectory run = finishedRun(on.runDir(), session, progress);
        TrainedAdapter adapter = AdapterFiles.read(run.path(ADAPTER), hadoop(session));
        JobConfig job = JobConfig.parse(run.config(), run.path() + "/config.conf", pairs(on.overrides()));
        String model = on.model().orElse(adapter.base().name());
        return new AdapterUse(
                adapter,
                BaseModel.describe(model, hadoop(session)).uri(),
                job.compute(),
                job.evaluation().batchSize());
    }

    private static List<String> pairs(Map<String, String> overrides) {
        return overrides.entrySet().stream()
                .map(pair -> pair.getKey() + "=" + pair.getValue())
                .toList();
    }

    void export(ExportCommand.Request request, Progress progress) {
        // No session is needed, only what spark.hadoop.* says about file systems.
        Configuration hadoop = SparkHadoopUtil.get().conf();
        RunDirectory run = RunDirectory.read(request.runDir(), hadoop, progress::say);
        requireFinished(run);
        org.apache.hadoop.fs.Path out = Storage.path(request.out());
        if (RunDirectory.isPartOfRun(out, hadoop)) {
            throw new UsageException("--out " + request.out()
                    + " is inside a run directory, whose own adapter has all ranks and must stay. Name another"
                    + " folder.");
        }
        TrainedAdapter adapter = request.model()
                .map(model -> AdapterFiles.read(run.path(ADAPTER), hadoop).on(BaseModel.describe(model, hadoop)))
                .orElseGet(() -> AdapterFiles.read(run.path(ADAPTER), hadoop));
        PeftAdapter peft = request.rank().isPresent()
                ? Export.uniform(adapter, request.rank().getAsInt(), request.portable())
                : Export.byBlock(adapter, request.blockRanks(), request.portable());
        AdapterFiles.write(adapter, peft, out, hadoop);
        progress.say("adapter: " + request.out());
    }

    private static RunDirectory finishedRun(String uri, SparkSession session, Progress progress) {
        RunDirectory run = RunDirectory.read(uri, hadoop(session), progress::say);
        requireFinished(run);
        return run;
    }

    private static void requireFinished(RunDirectory run) {
        if (run.state() != RunDirectory.State.FINISHED) {
            throw new UsageException(run.path() + " holds a run that has not finished, so it has no adapter yet."
                    + " Submit its train command again, which goes on where it stopped.");
        }
    }

    private static Configuration hadoop(SparkSession session) {
        return session.sparkContext().hadoopConfiguration();
    }
}
