package org.erat.job;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.util.ShutdownHookManager;
import org.erat.checkpoint.Checkpoint;
import org.erat.checkpoint.ResumableException;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.CheckpointSettings;
import org.erat.report.RowActivityRecord;
import org.erat.report.RunStatus;
import org.erat.tracking.Tracking;
import org.erat.training.round.RoundListener;
import org.erat.training.round.RoundReport;
import org.erat.training.round.TrainingState;

/**
 * Keeps a run's metrics and checkpoints, and tells the listener and the trackers of each round. Where the process is told to end before this is closed,
 * the last complete round is saved, whether or not it was due.
 */
public final class RunRecorder implements RoundListener, AutoCloseable {
    /** Before Spark stops, at 40, and Hadoop closes its file systems, at 10. */
    private static final int BEFORE_SPARK_STOPS = 60;

    private static final long MOST_SECONDS_OF_SAVING = 8;

    /** Recording a round takes a fraction of one; a user who sees rounds stop needs the reason. */
    private static final long SLOW_SECONDS = 5;

    private static final String ROLLBACKS = "rollbacks";
    private static final String ACTIVITY = "row_activity";

    private final RunDirectory run;
    private final CheckpointSettings settings;
    private final int rounds;
    private final int rollbacks;
    private final RoundValidation validation;
    private final Configuration hadoop;
    private final RunListener listener;
    private final Tracking tracking;
    private final Map<Integer, Double> losses = new HashMap<>();
    private final Runnable saving = this::saveLastRound;
    /** Empty where the first rounds were made by a program that did not count. */
    private Optional<RowActivityRecord> activity;

    private Checkpoint last;
    private boolean lastIsSaved;

    /**
     * @param rounds of the run
     * @param rollbacks how often the run has gone back
     * @param from the checkpoint that training continues from; empty for a new run
     * @param validation measures rounds
     * @param tracking is told of each round
     */
    RunRecorder(
            RunDirectory run,
            CheckpointSettings settings,
            int rounds,
            int rollbacks,
            Optional<Checkpoint> from,
            RoundValidation validation,
            Configuration hadoop,
            RunListener listener,
            Tracking tracking) {
        this.run = run;
        this.settings = settings;
        this.rounds = rounds;
        this.rollbacks = rollbacks;
        this.validation = validation;
        this.hadoop = hadoop;
        this.listener = listener;
        this.tracking = tracking;
        this.activity = from.isEmpty()
                ? Optional.of(RowActivityRecord.NONE)
                : from.map(checkpoint -> checkpoint.extra().get(ACTIVITY))
                        .map(json -> RowActivityRecord.parse(json, run.path() + ", checkpoint"));
        if (from.isPresent()) {
            // The process may have been killed after the checkpoint and before this.
            writeActivity();
        }
        for (Map<String, Object> line : run.metrics().read()) {
            if (line.get("round") instanceof Number round && line.get("loss") instanceof Number loss) {
                losses.put(round.intValue(), loss.doubleValue());
            }
        }
        ShutdownHookManager.get().addShutdownHook(saving, BEFORE_SPARK_STOPS, MOST_SECONDS_OF_SAVING, TimeUnit.SECONDS);
    }

    /** What training continues from. */
    static TrainingState stateOf(Checkpoint checkpoint) {
        return new TrainingState(
                checkpoint.round(),
                checkpoint.params(),
                checkpoint.optimizer(),
                checkpoint.momentum() == null ? new float[0] : checkpoint.momentum());
    }

    /** How often the run had gone back when a checkpoint was written. */
    static int rollbacksOf(Checkpoint checkpoint) {
        return Integer.parseInt(checkpoint.extra().getOrDefault(ROLLBACKS, "0"));
    }

    /** Whether a checkpoint of a round is due whatever happens, so that a run that diverges can go back to it. */
    static boolean isDue(int round, CheckpointSettings settings) {
        return round % settings.everyRounds() == 0;
    }

    /** Rounds that are measured do not share the executors with the next one, so that times of rounds can be compared. */
    @Override
    public boolean decidesAfter(int round) {
        return validation.isDue(round);
    }

    @Override
    public boolean endsTraining() {
        return validation.endsTraining();
    }

    @Override
    public void roundDone(RoundReport report, TrainingState state) {
        // Before the lock is taken: a process that is told to end must not wait for it to save the round before.
        Optional<RoundQuality> quality = validation.isDue(state.round())
                ? Optional.of(validation.measure(state.round(), state.parameters()))
                : Optional.empty();
        record(report, state, quality);
    }

    private synchronized void record(RoundReport report, TrainingState state, Optional<RoundQuality> quality) {
        long begun = System.nanoTime();
        run.requireLease();
        Map<String, Object> values = values(report, quality);
        run.metrics().append(state.round(), values);
        tracking.round(report.step(), values);
        losses.put(state.round(), report.loss());
        activity = activity.map(before -> before.plus(state.round(), report.rowWeights()));
        last = new Checkpoint(
                state.round(),
                report.step(),
                state.parameters(),
                state.optimizer(),
                state.momentum().length == 0 ? null : state.momentum(),
                validation.bestParameters().orElse(null),
                extra());
        lastIsSaved = false;
        boolean ends = state.round() == rounds || validation.endsTraining();
        if (isDue(state.round(), settings) || ends) {
            save();
            run.checkpoints()
                    .prune(settings.keepLast(), settings.keepBest(), round -> losses.getOrDefault(round, Double.NaN));
            writeActivity();
        }
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
        if (seconds >= SLOW_SECONDS) {
            listener.say("round " + state.round() + " could be recorded only after " + seconds
                    + " s: the file system of " + run.path() + " was slow or did not answer");
        }
        if (lastIsSaved) {
            RunReport.write(run, RunStatus.RUNNING, hadoop, listener);
        }
        quality.ifPresentOrElse(measured -> listener.roundDone(report, measured), () -> listener.roundDone(report));
        if (!ends && listener.isCancelled()) {
            if (!lastIsSaved) {
                save();
            }
            throw new ResumableException(
                    "The run was cancelled after round " + state.round() + " of " + rounds
                            + ". Submit it again: it continues from there.",
                    null);
        }
    }

    /** What a checkpoint holds beside numbers. */
    private Map<String, String> extra() {
        Map<String, String> extra = new LinkedHashMap<>(Map.of(ROLLBACKS, Integer.toString(rollbacks)));
        activity.ifPresent(counted -> extra.put(ACTIVITY, counted.toJson()));
        extra.putAll(validation.state());
        return extra;
    }

    private void writeActivity() {
        activity.ifPresent(counted -> run.write(RowActivityRecord.FILE, counted.toJson() + "\n"));
    }

    private void save() {
        run.checkpoints().save(last);
        lastIsSaved = true;
    }

    private synchronized void saveLastRound() {
        if (last != null && !lastIsSaved) {
            run.requireLease();
            save();
        }
        run.close();
    }

    /** Ends the watch over the end of the process. */
    @Override
    public void close() {
        ShutdownHookManager hooks = ShutdownHookManager.get();
        if (!hooks.isShutdownInProgress()) {
            hooks.removeShutdownHook(saving);
        }
    }

    private Map<String, Object> values(RoundReport report, Optional<RoundQuality> quality) {
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
        values.put(ROLLBACKS, rollbacks);
        quality.ifPresent(measured -> values.put("validation", values(measured)));
        return values;
    }

    private static Map<String, Object> values(RoundQuality quality) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("metric", quality.metric().toString());
        values.put("ranks", quality.byRank());
        values.put("mean", quality.mean());
        values.put("best_round", quality.bestRound());
        return values;
    }
}
