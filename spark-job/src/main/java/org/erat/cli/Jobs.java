package org.erat.cli;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.text.PreparedData;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;
import org.erat.model.BaseModel;
import org.erat.training.RoundReport;
import org.erat.training.TrainingJob;
import org.erat.training.TrainingMonitor;

/** What each command does: the one place that knows which rooms do the work. */
class Jobs {
    void prepareModel(PrepareModelCommand.Request request, Progress progress) {
        BaseModelImporter.Result result =
                BaseModelImporter.importModel(request.from(), Path.of(request.out()), progress::say);
        progress.say(String.format(
                "%s %s: %s, %d blocks of width %d",
                request.out(),
                result.reused() ? "is prepared already" : "is ready",
                result.config().modelType(),
                result.config().numHiddenLayers(),
                result.config().hiddenSize()));
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
        JobConfig job = JobConfig.load(Path.of(request.conf()), overrides);
        try (SparkSession session = Sessions.open("train " + request.runDir())) {
            new TrainingJob(session, job, new OnScreen(progress)).run(request.runDir(), request.resume());
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
        throw new IllegalStateException("not wired: " + request);
    }

    void predict(PredictCommand.Request request, Progress progress) {
        throw new IllegalStateException("not wired: " + request);
    }

    void export(ExportCommand.Request request, Progress progress) {
        throw new IllegalStateException("not wired: " + request);
    }
}
