package org.erat.training;

import java.util.Collection;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.core.loader.DataSetLoader;
import org.deeplearning4j.core.loader.MultiDataSetLoader;
import org.deeplearning4j.core.storage.StatsStorageRouter;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.api.TrainingMaster;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains a graph by rounds of local steps: broadcast the shared parameters, H local steps in each shard, the
 * coverage-weighted average in shard order, the outer step. Partition k of the data is shard k; the number of executors,
 * the order in which they finish and how often a task was retried change nothing, bit for bit.
 */
public final class EratTrainingMaster implements TrainingMaster<ShardResult, ShardWorker> {
    private final RoundSettings settings;
    private final List<RoundListener> listeners;
    private int round;
    private float[] optimizer;
    private float[] momentum = new float[0];
    private boolean started;

    /** Training from the start. */
    public EratTrainingMaster(RoundSettings settings, List<RoundListener> listeners) {
        this.settings = settings;
        this.listeners = List.copyOf(listeners);
    }

    /** Goes on from a state; the graph given to the next training must hold its parameters. */
    public void resume(TrainingState state) {
        round = state.round();
        optimizer = state.optimizer();
        momentum = state.momentum();
        started = true;
    }

    /**
     * Trains the rounds of the graph's current epoch that are not done yet.
     *
     * @throws DivergedException if a round gave a number that is not finite; it is not applied
     */
    @Override
    public void executeTrainingMDS(SparkComputationGraph sparkGraph, JavaRDD<MultiDataSet> epochData) {
        JavaSparkContext spark = sparkGraph.getSparkContext();
        ComputationGraph graph = sparkGraph.getNetwork();
        GraphLayout layout = GraphLayout.of(graph);
        start(graph, layout);
        Averaging averaging = new Averaging(layout);
        OuterStep outerStep = new OuterStep(settings.outerLearningRate(), settings.outerMomentum());
        ShardWorker.WorkerSettings workers = workerSettings(graph);

        int epoch = round / settings.roundsPerEpoch();
        float[] parameters = graph.params().toFloatVector();
        for (; round < (epoch + 1) * settings.roundsPerEpoch(); round++) {
            long start = System.nanoTime();
            RoundState state = roundState(epoch, parameters);
            spark.setJobDescription("round " + (round + 1) + " of " + settings.rounds() + ": local training");
            Broadcast<RoundState> broadcast = spark.broadcast(state);
            // Partitions come back in their own order, which is that of the shards.
            List<ShardResult> results = epochData
                    .mapPartitionsWithIndex(
                            (shard, batches) -> List.of(new ShardWorker(workers, shard, broadcast.value()).run(batches))
                                    .iterator(),
                            true)
                    .collect();
            broadcast.destroy();
            spark.setJobDescription(null);
            DivergedException.throwFirst(results);

            Averaging.RoundAverage average = averaging.average(parameters, optimizer, results);
            double drift = Drift.of(
                    layout.adapters(),
                    shardParameters(layout, parameters, results),
                    (block, row) -> Averaging.weights(block, row, results),
                    average.parameters());
            momentum = momentum.clone();
            parameters = outerStep.apply(parameters, average.parameters(), average.moved(), momentum);
            if (settings.keepsOptimizer()) {
                optimizer = average.optimizer();
            }
            graph.setParams(Nd4j.createFromArray(parameters));
            report(graph, state, results, drift, System.nanoTime() - start, parameters);
        }
    }

    private void start(ComputationGraph graph, GraphLayout layout) {
        if (!started) {
            optimizer = settings.keepsOptimizer() ? new float[layout.stateLength()] : new float[0];
            momentum = settings.outerMomentum() > 0 ? new float[layout.parameters()] : new float[0];
            started = true;
        }
        graph.getConfiguration().setEpochCount(round / settings.roundsPerEpoch());
    }

    private ShardWorker.WorkerSettings workerSettings(ComputationGraph graph) {
        return new ShardWorker.WorkerSettings(
                graph.getConfiguration().toJson(), settings.clipNorm(), settings.keepsOptimizer());
    }

    private List<float[]> shardParameters(GraphLayout layout, float[] shared, List<ShardResult> results) {
        return results.stream()
                .map(result -> result.parameters(layout, shared, settings.keepsOptimizer()))
                .toList();
    }

    private RoundState roundState(int epoch, float[] parameters) {
        int roundInEpoch = round % settings.roundsPerEpoch();
        int skip = roundInEpoch * settings.localSteps();
        int steps = Math.min(settings.localSteps(), settings.stepsPerEpoch() - skip);
        return new RoundState(
                round, epoch * settings.stepsPerEpoch() + skip, skip, steps, epoch, parameters, optimizer);
    }

    private void report(
            ComputationGraph graph,
            RoundState state,
            List<ShardResult> results,
            double drift,
            long nanos,
            float[] parameters) {
        long examples = results.stream().mapToLong(ShardResult::examples).sum();
        long steps = results.stream().mapToLong(ShardResult::steps).sum();
        int blocks = GraphLayout.of(graph).adapters().blocks();
        long slowest = results.stream().mapToLong(ShardResult::nanos).max().orElse(0);
        int lastStep = state.firstStep() + state.steps() - 1;
        RoundReport report = new RoundReport(
                round,
                settings.rounds(),
                state.epoch(),
                lastStep + 1,
                results.stream().mapToDouble(ShardResult::lossSum).sum() / Math.max(1, examples),
                settings.learningRate().valueAt(lastStep, state.epoch()),
                examples,
                results.stream().mapToLong(ShardResult::tokens).sum(),
                results.stream().mapToLong(ShardResult::paddedTokens).sum(),
                (double) results.stream().mapToLong(ShardResult::windowRows).sum() / Math.max(1, steps * blocks),
                drift,
                state.bytes(),
                results.stream().mapToLong(ShardResult::bytes).sum(),
                nanos / 1e9,
                (nanos - slowest) / 1e9);
        TrainingState next = new TrainingState(round + 1, parameters, optimizer, momentum);
        for (RoundListener listener : listeners) {
            listener.roundDone(report, next);
        }
    }

    @Override
    public ShardWorker getWorkerInstance(SparkComputationGraph graph) {
        ComputationGraph network = graph.getNetwork();
        start(network, GraphLayout.of(network));
        int epoch = round / settings.roundsPerEpoch();
        return new ShardWorker(
                workerSettings(network), 0, roundState(epoch, network.params().toFloatVector()));
    }

    @Override
    public void executeTraining(SparkComputationGraph graph, JavaRDD<org.nd4j.linalg.dataset.DataSet> data) {
        executeTrainingMDS(graph, data.map(DataSet::toMultiDataSet));
    }

    @Override
    public void executeTrainingPaths(
            SparkDl4jMultiLayer network,
            SparkComputationGraph graph,
            JavaRDD<String> paths,
            DataSetLoader dataSets,
            MultiDataSetLoader multiDataSets) {
        throw noMultiLayer("files of serialized data sets");
    }

    @Override
    public ShardWorker getWorkerInstance(SparkDl4jMultiLayer network) {
        throw noMultiLayer("a MultiLayerNetwork");
    }

    @Override
    public void executeTraining(SparkDl4jMultiLayer network, JavaRDD<org.nd4j.linalg.dataset.DataSet> data) {
        throw noMultiLayer("a MultiLayerNetwork");
    }

    private static UnsupportedOperationException noMultiLayer(String what) {
        return new UnsupportedOperationException(
                "This training master trains the encoder's ComputationGraph from an RDD of mini-batches, not " + what);
    }

    @Override
    public void addHook(TrainingHook hook) {
        throw new UnsupportedOperationException("Rounds are reported to RoundListener; hooks see single mini-batches");
    }

    @Override
    public void removeHook(TrainingHook hook) {
        // There is none.
    }

    @Override
    public String toJson() {
        return settings.toString();
    }

    @Override
    public String toYaml() {
        return settings.toString();
    }

    @Override
    public void setCollectTrainingStats(boolean collect) {
        // Times and bytes of every round are in its report, always.
    }

    @Override
    public boolean getIsCollectTrainingStats() {
        return false;
    }

    @Override
    public SparkTrainingStats getTrainingStats() {
        return null;
    }

    @Override
    public void setListeners(Collection<TrainingListener> trainingListeners) {
        if (!trainingListeners.isEmpty()) {
            throw new UnsupportedOperationException("Rounds are reported to RoundListener");
        }
    }

    @Override
    public void setListeners(StatsStorageRouter router, Collection<TrainingListener> trainingListeners) {
        setListeners(trainingListeners);
    }

    @Override
    public boolean deleteTempFiles(JavaSparkContext spark) {
        return true;
    }

    @Override
    public boolean deleteTempFiles(SparkContext spark) {
        return true;
    }
}
