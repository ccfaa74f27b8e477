package org.erat.cli;

import java.nio.file.Path;
import java.util.List;
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
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.evaluation.EvaluationRequest;
import org.erat.evaluation.Predictions;
import org.erat.evaluation.Quality;
import org.erat.evaluation.QualityByRank;
import org.erat.evaluation.QualityTable;
import org.erat.export.AdapterFiles;
import org.erat.export.Export;
import org.erat.export.PeftAdapter;
import org.erat.export.TrainedAdapter;
import org.erat.model.BaseModel;
import org.erat.monitoring.FailedTaskLog;
import org.erat.network.EncoderGraph;
import org.erat.training.ClusterLog;
import org.erat.training.RoundReport;
import org.erat.training.TrainingJob;
import org.erat.training.TrainingMonitor;
import org.erat.training.TrainingPlan;

/** What each command does: the one place that knows which rooms do the work. */
class Jobs {
    private static final String ADAPTER = "adapter";

    void prepareModel(PrepareModelCommand.Request request, Progress progress) {
        BaseModelImporter.Result result = importModel(request.from(), request.out(), progress);
        progress.say(String.format(
                "%s %s: %s, %d blocks of width %d",
                request.out(),
                result.reused() ? "is prepared already" : "is ready",
                result.config().modelType(),
                result.config().numHiddenLayers(),
                result.config().hiddenSize()));
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
                            task(request),
                            request.input(),
                            model.uri(),
                            model.config().vocabSize(),
                            Math.min(request.maxLength(), model.config().maxLength()),
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

    private static TextTask task(PrepareDataCommand.Request request) {
        return request.task().map(TextTask::named).orElseGet(() -> request.table()
                .map(table -> TextTask.custom(
                        TextFormat.ofTable(table.format()),
                        table.header(),
                        table.text(),
                        table.textPair().orElse(null),
                        table.label(),
                        table.type().equals("regression") ? TaskType.REGRESSION : TaskType.CLASSIFICATION))
                .orElseThrow());
    }

    void train(TrainCommand.Request request, Progress progress) {
        List<String> overrides = request.overrides().entrySet().stream()
                .map(pair -> pair.getKey() + "=" + pair.getValue())
                .toList();
        JobConfig job = JobConfig.load(ConfigurationFile.locally(request.conf()), overrides);
        if (request.dryRun()) {
            dryRun(job, request, progress);
            return;
        }
        EncoderGraph.loadInBackground();
        try (SparkSession session = Sessions.open("train " + request.runDir())) {
            session.sparkContext()
                    .addSparkListener(new ClusterLog(
                            session.sparkContext().conf().getInt("spark.task.maxFailures", 4), progress::say));
            withLog(session, progress, () -> new TrainingJob(session, job, new OnScreen(progress))
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
    private static final class OnScreen implements TrainingMonitor {
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
        try (SparkSession session = Sessions.open("evaluate " + request.runDir())) {
            withLog(session, progress, () -> {
                RunDirectory run = finishedRun(request.runDir(), session, progress);
                TrainedAdapter adapter = AdapterFiles.read(run.path(ADAPTER), hadoop(session));
                Quality quality = QualityByRank.evaluate(
                        session,
                        adapter,
                        TokenizedDataset.open(session, request.data()),
                        EvaluationRequest.of(adapter, request.ranks(), request.suffixes(), batchSize(run)),
                        progress::say);
                QualityTable.lines(quality).forEach(progress::say);
            });
        }
    }

    void predict(PredictCommand.Request request, Progress progress) {
        try (SparkSession session = Sessions.open("predict " + request.runDir())) {
            withLog(session, progress, () -> {
                RunDirectory run = finishedRun(request.runDir(), session, progress);
                Predictions.write(
                        session,
                        AdapterFiles.read(run.path(ADAPTER), hadoop(session)),
                        TokenizedDataset.open(session, request.data()),
                        Split.VALIDATION,
                        request.rank(),
                        batchSize(run),
                        Storage.path(request.out()),
                        progress::say);
            });
            progress.say("predictions: " + request.out());
        }
    }

    void export(ExportCommand.Request request, Progress progress) {
        // No session is needed, only what spark.hadoop.* says about file systems.
        Configuration hadoop = SparkHadoopUtil.get().conf();
        RunDirectory run = RunDirectory.read(request.runDir(), hadoop, progress::say);
        requireFinished(run);
        org.apache.hadoop.fs.Path out = Storage.path(request.out());
        if (RunDirectory.isPartOfRun(out, hadoop)) {
            throw new UsageException(
                    "--out " + request.out()
                            + " is inside a run directory, whose own adapter has all ranks and must stay. Name another folder.");
        }
        TrainedAdapter adapter = AdapterFiles.read(run.path(ADAPTER), hadoop);
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

    private static int batchSize(RunDirectory run) {
        return JobConfig.parse(run.config(), run.path() + "/config.conf", List.of())
                .evaluation()
                .batchSize();
    }

    private static Configuration hadoop(SparkSession session) {
        return session.sparkContext().hadoopConfiguration();
    }
}
