package org.erat.job;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.erat.checkpoint.Checkpoint;
import org.erat.checkpoint.Provenance;
import org.erat.checkpoint.ResumableException;
import org.erat.checkpoint.RunDirectory;
import org.erat.checkpoint.Versions;
import org.erat.config.JobConfig;
import org.erat.config.TrackingSettings;
import org.erat.data.Sha256;
import org.erat.dl4j.RoundTrainingMaster;
import org.erat.export.TrainedAdapter;
import org.erat.learner.LearnerSpec;
import org.erat.monitoring.Redaction;
import org.erat.monitoring.RoundCompleted;
import org.erat.report.RunRecords;
import org.erat.report.RunSizes;
import org.erat.report.RunStatus;
import org.erat.tracking.Tracking;
import org.erat.training.round.DivergedException;
import org.erat.training.round.EpochBatches;
import org.erat.training.round.RoundReport;
import org.erat.training.round.RoundSettings;
import org.erat.training.round.TrainingState;

/**
 * One run, from its configuration to a finished run directory: train, save the adapter of the last round or of the best
 * one, measure it at every rank. Runs of
 * one session may follow one another, and may be made at the same time from several threads.
 */
public final class TrainingRun {
    /** Where Spark keeps the job group of a thread. */
    private static final String GROUP = "spark.jobGroup.id";

    private final SparkSession session;
    private final JavaSparkContext spark;
    private final JobConfig job;
    private final RunListener listener;
    private final Redaction redaction;
    private final RunInputs inputs;

    /**
     * A run on the data that its configuration names. Reads what it works on; nothing is written yet.
     *
     * @throws org.erat.data.EratException if it cannot be used, see {@link RunInputs}
     */
    public TrainingRun(SparkSession session, JobConfig job, RunListener listener) {
        this(session, job, TrainingData.open(session, job.data()), listener);
    }

    /**
     * A run on given data, whatever the configuration names.
     *
     * @throws org.erat.data.EratException if it cannot be used, see {@link RunInputs}
     */
    public TrainingRun(SparkSession session, JobConfig job, TrainingData data, RunListener listener) {
        this.session = session;
        this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        this.job = job;
        this.listener = listener;
        this.redaction = Redaction.of(spark.getConf(), hadoop());
        this.inputs = RunInputs.of(session, job, data);
    }

    /** Two runs with the same one, in hexadecimal, end with the same outcome: it names configuration, data and base model. */
    public String identity() {
        return Sha256.of((redaction.of(job.render()) + inputs.fingerprint(job)).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Trains, or goes on, or does nothing where the run is finished.
     *
     * @param runDirectory the identity of the run
     * @param mustExist whether to refuse where there is no run to go on with
     */
    public RunOutcome run(String runDirectory, boolean mustExist) {
        // Cancelling the group, in Spark's UI or by a listener, ends this run and nothing else. A caller's group is
        // kept.
        boolean grouped = spark.getLocalProperty(GROUP) != null;
        if (!grouped) {
            spark.setJobGroup(runDirectory, "training run " + runDirectory, true);
        }
        try (RunDirectory run = RunDirectory.open(
                runDirectory,
                hadoop(),
                redaction.of(job.render()),
                inputs.fingerprint(job),
                mustExist,
                spark.sc().applicationId(),
                listener::say)) {
            if (run.state() == RunDirectory.State.FINISHED) {
                listener.say(run.path() + " holds this run, finished: nothing to do");
            } else {
                trainOrSayWhyNot(run);
            }
            return new RunResults(session, job, listener, inputs).read(run);
        } finally {
            if (!grouped) {
                spark.clearJobGroup();
            }
        }
    }

    private void trainOrSayWhyNot(RunDirectory run) {
        try (Tracking tracking = tracking(run)) {
            try {
                train(run, tracking);
            } catch (ResumableException e) {
                tracking.interrupted();
                throw e;
            } catch (RuntimeException e) {
                recordFailure(run, e);
                if (ShutdownHookManager.get().isShutdownInProgress()) {
                    tracking.interrupted();
                } else {
                    tracking.failed();
                }
                throw e;
            }
        }
    }

    private Tracking tracking(RunDirectory run) {
        Map<String, String> tags = new LinkedHashMap<>(Versions.current());
        tags.put("run directory", redaction.of(run.path().toString()));
        tags.put("application", spark.sc().applicationId());
        tags.put("data and weights", redaction.of(inputs.fingerprint(job)));
        Map<String, String> settings = new TreeMap<>(RunRecords.settings(run));
        // MLflow refuses parameters that change, and these may.
        settings.keySet().removeIf(key -> key.startsWith(TrackingSettings.SECTION));
        return Tracking.of(job.tracking(), run, settings, tags, hadoop(), listener::say);
    }

    /** For those who look at the run directory later. */
    private void recordFailure(RunDirectory run, RuntimeException failure) {
        if (ShutdownHookManager.get().isShutdownInProgress()) {
            // Whatever went wrong did so because the process is ending.
            return;
        }
        try {
            run.fail(redaction.of(Objects.toString(failure.getMessage(), failure.toString())));
            RunReport.write(run, RunStatus.FAILED, hadoop(), listener);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private void train(RunDirectory run, Tracking tracking) {
        Instant started = Instant.now();
        Provenance provenance = new RunProvenance(spark, job, inputs, redaction).startedAt(started);
        run.write(provenance);
        run.write(RunSizes.FILE, inputs.sizes(job).toJson());
        float[] parameters = trainRounds(run, tracking);
        run.requireLease();
        RunResults results = new RunResults(session, job, listener, inputs);
        results.write(run, TrainedAdapter.of(inputs.learner(job), inputs.data().manifest(), parameters));
        run.write(provenance.endedAt(Instant.now()));
        RunReport.write(run, RunStatus.FINISHED, hadoop(), listener);
        results.tell(tracking, run);
        run.finish();
    }

    /** Trains what is left of the run; returns all parameters. */
    private float[] trainRounds(RunDirectory run, Tracking tracking) {
        inputs.shards().setName("shards of " + inputs.data().directory()).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            return trainWithRollbacks(run, tracking);
        } finally {
            inputs.shards().unpersist(false);
        }
    }

    /**
     * A run that diverges goes back to a checkpoint and on with half the learning rate, as often as its configuration
     * allows. Everything follows from the checkpoint and the configuration: a run that is interrupted, before or after it
     * went back, ends with the same bits.
     */
    private float[] trainWithRollbacks(RunDirectory run, Tracking tracking) {
        Optional<Checkpoint> from = run.resume();
        int rollbacks = from.map(RunRecorder::rollbacksOf).orElse(0);
        while (true) {
            try {
                tracking.begin(from.map(Checkpoint::step).orElse(0L));
                return train(run, from, rollbacks, tracking);
            } catch (DivergedException e) {
                if (rollbacks == job.training().rollbacks()) {
                    throw e;
                }
                rollbacks++;
                // Not to one that was saved because the process was told to end: another run would not have it.
                from = run.goBack(round -> RunRecorder.isDue(round, job.checkpoint()));
                listener.say(e.what() + ". Going back to "
                        + from.map(checkpoint -> "round " + checkpoint.round()).orElse("the start")
                        + " and on with learning rate " + peak(rollbacks) + " (" + rollbacks + " of "
                        + job.training().rollbacks() + " times)");
            }
        }
    }

    /** The peak of the learning rate, halved each time that the run has gone back. */
    private double peak(int rollbacks) {
        return Math.scalb(job.training().learningRate(), -rollbacks);
    }

    private float[] train(RunDirectory run, Optional<Checkpoint> from, int rollbacks, Tracking tracking) {
        LearnerSpec spec = inputs.learner(job).withPeak(peak(rollbacks)).withClassWeights(inputs.classWeights(job));
        RoundSettings rounds = inputs.rounds(job).with(spec.learningRate());
        try (RoundValidation validation = new RoundValidation(session, job, inputs, rounds.rounds(), from, listener);
                RunRecorder recorder = new RunRecorder(
                        run,
                        job.checkpoint(),
                        rounds.rounds(),
                        rollbacks,
                        from,
                        validation,
                        hadoop(),
                        listener,
                        tracking)) {
            RoundTrainingMaster training = new RoundTrainingMaster(rounds, List.of(recorder, this::publish));
            from.map(RunRecorder::stateOf).ifPresent(state -> {
                training.resume(state);
                listener.say("going on after round " + state.round() + " of " + rounds.rounds());
            });
            announce(spec, rounds);
            listener.roundsBegin(from.map(Checkpoint::round).orElse(0), rounds.rounds());
            EpochBatches batches = new EpochBatches(
                    job.training().batchSize(),
                    job.seed(),
                    inputs.model().architecture().padTokenId(),
                    spec.head());
            float[] last = training.train(spark, spec, epoch -> batches.of(inputs.shards(), epoch));
            validation.announce();
            return validation.bestParameters().orElse(last);
        }
    }

    private void publish(RoundReport report, TrainingState state) {
        new RoundCompleted(
                        state.round(),
                        report.rounds(),
                        report.examples(),
                        report.tokens(),
                        report.loss(),
                        report.learningRate(),
                        report.meanWidth(),
                        report.drift(),
                        report.bytesDown(),
                        report.bytesUp(),
                        report.seconds(),
                        report.overheadSeconds())
                .postTo(spark.sc());
    }

    private void announce(LearnerSpec spec, RoundSettings rounds) {
        if (!spec.loss().classWeights().isEmpty()) {
            List<String> names = inputs.data().manifest().labelNames();
            listener.say(IntStream.range(0, names.size())
                    .mapToObj(c -> String.format(
                            "%s %.4g", names.get(c), spec.loss().classWeights().get(c)))
                    .collect(Collectors.joining(", ", "weights of classes: ", "")));
        }
        listener.say(String.format(
                "training %,d adapter and %,d head parameters on %,d examples in %d shards: %d rounds of %d local steps",
                spec.layout().adapterGroup().length(),
                spec.layout().headGroup().length(),
                inputs.examples(),
                job.training().shards(),
                rounds.rounds(),
                rounds.localSteps()));
    }

    private Configuration hadoop() {
        return session.sparkContext().hadoopConfiguration();
    }
}
