package org.erat.training;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.erat.checkpoint.Checkpoint;
import org.erat.checkpoint.Provenance;
import org.erat.checkpoint.RunDirectory;
import org.erat.checkpoint.Versions;
import org.erat.config.JobConfig;
import org.erat.config.TrainingSettings;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.model.BaseModel;
import org.erat.network.EncoderGraph;
import org.erat.network.EncoderSpec;
import org.erat.network.GraphSettings;
import org.nd4j.linalg.factory.Nd4j;

/** One run, from its configuration to a finished run directory: train, save the adapter, measure it at every rank. */
public final class TrainingJob {
    private final SparkSession session;
    private final JavaSparkContext spark;
    private final JobConfig job;
    private final TrainingMonitor monitor;
    private final BaseModel model;
    private final TokenizedDataset data;
    private final JavaRDD<PackedExamples> shards;
    private final EncoderSpec spec;
    private final GraphSettings graphSettings;
    private final RoundSettings rounds;

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
        RunInputs inputs = RunInputs.of(session, job);
        this.model = inputs.model();
        this.data = inputs.data();
        this.shards = inputs.shards();
        int steps = stepsPerEpoch();
        int totalSteps = steps * job.training().epochs();
        this.spec = EncoderSpec.of(job, model, totalSteps);
        this.graphSettings = GraphSettings.of(job, data.manifest(), totalSteps);
        this.rounds = RoundSettings.of(job.training(), steps, graphSettings.learningRate());
    }

    /**
     * Trains, or goes on, or does nothing where the run is finished.
     *
     * @param runDirectory the identity of the run
     * @param mustExist whether to refuse where there is no run to go on with
     */
    public void run(String runDirectory, boolean mustExist) {
        RunDirectory run =
                RunDirectory.open(runDirectory, hadoop(), job.render(), fingerprint(), mustExist, monitor::say);
        if (run.state() == RunDirectory.State.FINISHED) {
            monitor.say(run.path() + " holds this run, finished: nothing to do");
            new RunResults(session, job, monitor).show(run, model.weightBytes());
            return;
        }
        Instant started = Instant.now();
        run.write(provenance(started));
        float[] parameters = train(run);
        new RunResults(session, job, monitor)
                .write(run, TrainedAdapter.of(spec, data.manifest(), parameters), model.weightBytes());
        run.write(provenance(started).endedAt(Instant.now()));
        run.finish();
    }

    private float[] train(RunDirectory run) {
        ComputationGraph graph = EncoderGraph.create(spec, graphSettings);
        EratTrainingMaster master =
                new EratTrainingMaster(rounds, List.of(new RunRecorder(run, job.checkpoint(), rounds, monitor)));
        Optional<Checkpoint> checkpoint = run.resume();
        checkpoint.ifPresent(state -> {
            graph.setParams(Nd4j.createFromArray(state.params()));
            master.resume(RunRecorder.stateOf(state));
            monitor.say("going on after round " + state.round() + " of " + rounds.rounds());
        });
        int done = checkpoint.map(Checkpoint::round).orElse(0);
        shards.setName("shards of " + job.data().train()).persist(StorageLevel.MEMORY_AND_DISK());
        EpochBatches batches = new EpochBatches(
                job.training().batchSize(),
                job.seed(),
                model.config().padTokenId(),
                graphSettings.outputs(),
                graphSettings.regression());
        SparkComputationGraph sparkGraph = new SparkComputationGraph(spark, graph, master);
        announce(graph);
        monitor.roundsBegin(done, rounds.rounds());
        for (int epoch = done / rounds.roundsPerEpoch(); epoch < rounds.epochs(); epoch++) {
            sparkGraph.fitMultiDataSet(batches.of(shards, epoch));
        }
        shards.unpersist(false);
        return graph.params().toFloatVector();
    }

    private void announce(ComputationGraph graph) {
        long adapters = spec.layout().length();
        monitor.say(String.format(
                "training %,d adapter and %,d head parameters on %,d examples in %d shards: %d rounds of %d local steps",
                adapters,
                graph.numParams() - adapters,
                data.examples(Split.TRAIN, job.data().trainLimit()),
                job.training().shards(),
                rounds.rounds(),
                rounds.localSteps()));
    }

    /** Local steps of the largest shard: shards differ by one example at most, so every shard has this many or one less. */
    private int stepsPerEpoch() {
        long examples = data.examples(Split.TRAIN, job.data().trainLimit());
        TrainingSettings training = job.training();
        long largest = (examples + training.shards() - 1) / training.shards();
        return LengthBuckets.batchCount(Math.toIntExact(largest), training.batchSize());
    }

    private String fingerprint() {
        return RunInputs.fingerprint(data, model);
    }

    private Provenance provenance(Instant started) {
        Map<String, String> cluster = new LinkedHashMap<>();
        cluster.put("master", spark.master());
        cluster.put("parallelism", Integer.toString(spark.defaultParallelism()));
        cluster.put("cpus of a task", spark.getConf().get("spark.task.cpus", "1"));
        cluster.put("executor memory", spark.getConf().get("spark.executor.memory", "1g"));
        return new Provenance(
                fingerprint(),
                Map.of("seed", job.seed()),
                Map.of(
                        "data", data.manifest().contentSha256(),
                        "base weights", model.weightsSha256(),
                        "tokenizer", model.tokenizerSha256(),
                        "configuration", job.fingerprint()),
                Versions.current(),
                cluster,
                started,
                null);
    }

    private Configuration hadoop() {
        return session.sparkContext().hadoopConfiguration();
    }
}
