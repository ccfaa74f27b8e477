package org.erat.cli;

/** What each command does: the one place that knows which rooms do the work. */
class Jobs {
    void prepareModel(PrepareModelCommand.Request request, Progress progress) {
        throw new IllegalStateException("not wired: " + request);
    }

    void prepareData(PrepareDataCommand.Request request, Progress progress) {
        throw new IllegalStateException("not wired: " + request);
    }

    void train(TrainCommand.Request request, Progress progress) {
        throw new IllegalStateException("not wired: " + request);
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
