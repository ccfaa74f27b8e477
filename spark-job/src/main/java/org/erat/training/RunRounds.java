package org.erat.training;

import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.erat.checkpoint.Checkpoint;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.config.TrainingSettings;
import org.erat.monitoring.RoundCompleted;
import org.erat.network.EncoderGraph;
import org.erat.network.EncoderSpec;
import org.erat.network.GraphSettings;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The rounds of a run, from its last checkpoint to its end. A run that diverges goes back to a checkpoint and on with
 * half the learning rate, as often as its configuration allows. Everything follows from the checkpoint and the
 * configuration: a run that is interrupted, before or after it went back, ends with the same bits.
 */
record RunRounds(
        JavaSparkContext spark,
        JobConfig job,
        TrainingMonitor monitor,
        RunInputs inputs,
        EncoderSpec spec,
        int stepsPerEpoch) {

    /** Trains what is left of the run; returns its flat parameters. */
    float[] train(RunDirectory run) {
        inputs.shards().setName("shards of " + job.data().train()).persist(StorageLevel.MEMORY_AND_DISK());
        Optional<Checkpoint> from = run.resume();
        int rollbacks = from.map(RunRecorder::rollbacksOf).orElse(0);
        while (true) {
            try {
                float[] parameters = train(run, from, rollbacks);
                inputs.shards().unpersist(false);
                return parameters;
            } catch (DivergedException e) {
                if (rollbacks == job.training().rollbacks()) {
                    throw e;
                }
                rollbacks++;
                // Not to one that was saved because the process was told to end: another run would not have it.
                from = run.goBack(round -> RunRecorder.isDue(round, job.checkpoint()));
                monitor.say(e.what() + ". Going back to "
                        + from.map(checkpoint -> "round " + checkpoint.round()).orElse("the start")
                        + " and on with learning rate "
                        + training(rollbacks).learningRate() + " (" + rollbacks + " of "
                        + job.training().rollbacks() + " times)");
            }
        }
    }

    private TrainingSettings training(int rollbacks) {
        return job.training().withLearningRate(Math.scalb(job.training().learningRate(), -rollbacks));
    }

    private float[] train(RunDirectory run, Optional<Checkpoint> from, int rollbacks) {
        GraphSettings graphSettings = GraphSettings.of(
                training(rollbacks),
                inputs.data().manifest(),
                (long) stepsPerEpoch * job.training().epochs());
        RoundSettings rounds = RoundSettings.of(job.training(), stepsPerEpoch, graphSettings.learningRate());
        ComputationGraph graph = EncoderGraph.create(spec, graphSettings);
        try (RunRecorder recorder = new RunRecorder(run, job.checkpoint(), rounds.rounds(), rollbacks, monitor)) {
            EratTrainingMaster master = new EratTrainingMaster(rounds, List.of(recorder, this::publish));
            from.ifPresent(state -> {
                graph.setParams(Nd4j.createFromArray(state.params()));
                master.resume(RunRecorder.stateOf(state));
                monitor.say("going on after round " + state.round() + " of " + rounds.rounds());
            });
            announce(graph, rounds);
            int done = from.map(Checkpoint::round).orElse(0);
            monitor.roundsBegin(done, rounds.rounds());
            EpochBatches batches = new EpochBatches(
                    job.training().batchSize(),
                    job.seed(),
                    inputs.model().config().padTokenId(),
                    graphSettings.outputs(),
                    graphSettings.regression());
            SparkComputationGraph sparkGraph = new SparkComputationGraph(spark, graph, master);
            for (int epoch = done / rounds.roundsPerEpoch(); epoch < rounds.epochs(); epoch++) {
                sparkGraph.fitMultiDataSet(batches.of(inputs.shards(), epoch));
            }
        }
        return graph.params().toFloatVector();
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

    private void announce(ComputationGraph graph, RoundSettings rounds) {
        long adapters = spec.layout().length();
        monitor.say(String.format(
                "training %,d adapter and %,d head parameters on %,d examples in %d shards: %d rounds of %d local steps",
                adapters,
                graph.numParams() - adapters,
                inputs.examples(),
                job.training().shards(),
                rounds.rounds(),
                rounds.localSteps()));
    }
}
