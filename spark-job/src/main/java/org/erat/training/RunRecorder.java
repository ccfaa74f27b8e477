package org.erat.training;

import java.util.LinkedHashMap;
import java.util.Map;
import org.erat.checkpoint.Checkpoint;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.CheckpointSettings;

/** Keeps a run's metrics and checkpoints, and tells whoever waits. */
final class RunRecorder implements RoundListener {
    private final RunDirectory run;
    private final CheckpointSettings settings;
    private final RoundSettings rounds;
    private final TrainingMonitor monitor;

    RunRecorder(RunDirectory run, CheckpointSettings settings, RoundSettings rounds, TrainingMonitor monitor) {
        this.run = run;
        this.settings = settings;
        this.rounds = rounds;
        this.monitor = monitor;
    }

    /** What training goes on from. */
    static TrainingState stateOf(Checkpoint checkpoint) {
        return new TrainingState(
                checkpoint.round(),
                checkpoint.params(),
                checkpoint.optimizer(),
                checkpoint.momentum() == null ? new float[0] : checkpoint.momentum());
    }

    @Override
    public void roundDone(RoundReport report, TrainingState state) {
        run.metrics().append(state.round(), values(report));
        if (state.round() % settings.everyRounds() == 0 || state.round() == rounds.rounds()) {
            run.checkpoints()
                    .save(new Checkpoint(
                            state.round(),
                            report.step(),
                            state.parameters(),
                            state.optimizer(),
                            state.momentum().length == 0 ? null : state.momentum(),
                            Map.of()));
            run.checkpoints().prune(settings.keep());
        }
        monitor.roundDone(report);
    }

    private static Map<String, Object> values(RoundReport report) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("epoch", report.epoch());
        values.put("step", report.step());
        values.put("loss", report.loss());
        values.put("learning_rate", report.learningRate());
        values.put("examples", report.examples());
        values.put("tokens", report.tokens());
        values.put("padded_tokens", report.paddedTokens());
        values.put("mean_width", report.meanWidth());
        values.put("drift", report.drift());
        values.put("bytes_to_each_worker", report.bytesDown());
        values.put("bytes_from_all_workers", report.bytesUp());
        values.put("seconds", report.seconds());
        values.put("overhead_seconds", report.overheadSeconds());
        return values;
    }
}
