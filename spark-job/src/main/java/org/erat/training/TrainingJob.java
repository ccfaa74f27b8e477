package org.erat.training;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.Provenance;
import org.erat.checkpoint.RunDirectory;
import org.erat.checkpoint.Versions;
import org.erat.config.JobConfig;
import org.erat.config.TrainingSettings;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.export.TrainedAdapter;
import org.erat.monitoring.Redaction;
import org.erat.network.EncoderSpec;

/** One run, from its configuration to a finished run directory: train, save the adapter, measure it at every rank. */
public final class TrainingJob {
    private final SparkSession session;
    private final JavaSparkContext spark;
    private final JobConfig job;
    private final TrainingMonitor monitor;
    private final Redaction redaction;
    private final RunInputs inputs;
    private final int stepsPerEpoch;
    private final EncoderSpec spec;

    /**
     * Reads what the run works on; nothing is written yet.
     *
     * @throws org.erat.data.EratException if it cannot be used, see {@link RunInputs}
     */
    public TrainingJob(SparkSession session, JobConfig job, TrainingMonitor monitor) {
        this.session = session;
        this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        this.job = job;
        this.monitor = monitor;
        this.redaction = Redaction.of(spark.getConf(), hadoop());
        this.inputs = RunInputs.of(session, job);
        this.stepsPerEpoch = stepsPerEpoch();
        this.spec = EncoderSpec.of(
                job, inputs.model(), (long) stepsPerEpoch * job.training().epochs());
    }

    /**
     * Trains, or goes on, or does nothing where the run is finished.
     *
     * @param runDirectory the identity of the run
     * @param mustExist whether to refuse where there is no run to go on with
     */
    public void run(String runDirectory, boolean mustExist) {
        // Whoever cancels the group, in Spark's UI or by a listener, ends the run and nothing else.
        spark.setJobGroup(runDirectory, "training run " + runDirectory, true);
        try (RunDirectory run = RunDirectory.open(
                runDirectory,
                hadoop(),
                redaction.of(job.render()),
                fingerprint(),
                mustExist,
                spark.sc().applicationId(),
                monitor::say)) {
            if (run.state() == RunDirectory.State.FINISHED) {
                monitor.say(run.path() + " holds this run, finished: nothing to do");
                new RunResults(session, job, monitor).show(run, inputs.model().weightBytes());
            } else {
                train(run);
            }
        } finally {
            spark.clearJobGroup();
        }
    }

    private void train(RunDirectory run) {
        Instant started = Instant.now();
        run.write(provenance(started));
        float[] parameters = new RunRounds(spark, job, monitor, inputs, spec, stepsPerEpoch).train(run);
        run.requireLease();
        new RunResults(session, job, monitor)
                .write(
                        run,
                        TrainedAdapter.of(spec, inputs.data().manifest(), parameters),
                        inputs.model().weightBytes());
        run.write(provenance(started).endedAt(Instant.now()));
        run.finish();
    }

    /** Local steps of the largest shard: shards differ by one example at most, so every shard has this many or one less. */
    private int stepsPerEpoch() {
        TrainingSettings training = job.training();
        long largest = (inputs.examples() + training.shards() - 1) / training.shards();
        return LengthBuckets.batchCount(Math.toIntExact(largest), training.batchSize());
    }

    private String fingerprint() {
        return RunInputs.fingerprint(inputs.data(), inputs.model());
    }

    private Provenance provenance(Instant started) {
        Map<String, String> properties = new LinkedHashMap<>();
        for (scala.Tuple2<String, String> property : spark.getConf().getAll()) {
            properties.put(property._1(), property._2());
        }
        return new Provenance(
                fingerprint(),
                Map.of("seed", job.seed()),
                Map.of(
                        "data", inputs.data().manifest().contentSha256(),
                        "base weights", inputs.model().weightsSha256(),
                        "tokenizer", inputs.model().tokenizerSha256(),
                        "configuration", job.fingerprint()),
                Versions.current(),
                cluster(),
                redaction.of(properties),
                started,
                null);
    }

    /** As it is now: executors come and go. */
    private Map<String, String> cluster() {
        Map<String, String> cluster = new LinkedHashMap<>();
        cluster.put("master", spark.master());
        cluster.put("application", spark.sc().applicationId());
        cluster.put("deploy mode", spark.sc().deployMode());
        cluster.put("parallelism", Integer.toString(spark.defaultParallelism()));
        // The driver is listed too, and in local mode it is the executor.
        int listed = spark.sc().statusTracker().getExecutorInfos().length;
        cluster.put("executors", Integer.toString(spark.sc().isLocal() ? listed : listed - 1));
        cluster.put("cpus of a task", spark.getConf().get("spark.task.cpus", "1"));
        cluster.put("threads of a task", Integer.toString(job.compute().threads()));
        cluster.put("executor memory", spark.getConf().get("spark.executor.memory", "1g"));
        return cluster;
    }

    private Configuration hadoop() {
        return session.sparkContext().hadoopConfiguration();
    }
}
