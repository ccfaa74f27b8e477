package org.erat.dl4j;

import java.util.Collection;
import java.util.List;
import java.util.function.IntFunction;
import javax.annotation.Nullable;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
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
import org.erat.data.tokenized.Batch;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.training.ShardResult;
import org.erat.training.average.Aggregation;
import org.erat.training.round.DivergedException;
import org.erat.training.round.RoundListener;
import org.erat.training.round.RoundLoop;
import org.erat.training.round.RoundSettings;
import org.erat.training.round.TrainingState;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Trains a graph by rounds of local steps: broadcast the shared parameters, H local steps in each shard, the
 * coverage-weighted average in shard order, the outer step. Partition k of the data is shard k; the number of executors,
 * the order in which they finish and how often a task was retried change nothing, bit for bit.
 */
public final class RoundTrainingMaster implements TrainingMaster<ShardResult, ShardWorker> {
    private final RoundSettings settings;
    private final List<RoundListener> listeners;

    @Nullable
    private TrainingState state;

    /** Training from the start. */
    public RoundTrainingMaster(RoundSettings settings, List<RoundListener> listeners) {
        this.settings = settings;
        this.listeners = List.copyOf(listeners);
    }

    /** Sets the state to continue from. The graph given to the next training must hold its parameters. */
    public void resume(TrainingState from) {
        state = from;
    }

    /**
     * Trains a learner to the end of the last epoch, or until a listener ends training. It starts from the state given to {@link #resume}, or else from initial
     * values that follow from its specification.
     *
     * @param batches of an epoch, by its number; partition k is shard k
     * @return all parameters
     * @throws DivergedException if a round gave a value that is not finite; it is not applied
     */
    public float[] train(JavaSparkContext spark, LearnerSpec spec, IntFunction<JavaRDD<Batch>> batches) {
        ComputationGraph graph = LearnerGraph.create(spec);
        if (state != null) {
            HostArrays.write(state.parameters(), graph.params());
        }
        SparkComputationGraph onSpark = new SparkComputationGraph(spark, graph, this);
        int done = state == null ? 0 : state.round();
        for (int epoch = done / settings.roundsPerEpoch(); epoch < settings.epochs() && !ended(); epoch++) {
            // Deeplearning4j hands each epoch to executeTrainingMDS.
            onSpark.fitMultiDataSet(BatchArrays.of(batches.apply(epoch)));
        }
        return HostArrays.read(graph.params());
    }

    private boolean ended() {
        return listeners.stream().anyMatch(RoundListener::endsTraining);
    }

    /**
     * Trains the rounds of the graph's current epoch that are not done yet.
     *
     * @throws DivergedException if a round gave a value that is not finite; it is not applied
     */
    @Override
    public void executeTrainingMDS(SparkComputationGraph sparkGraph, JavaRDD<MultiDataSet> epochData) {
        ComputationGraph graph = sparkGraph.getNetwork();
        ShardWorker.WorkerSettings workers = workerSettings(graph);
        start(graph, workers.parts().layout());
        state = new RoundLoop<>(sparkGraph.getSparkContext(), settings, workers.parts(), workers, listeners)
                .trainEpoch(state, epochData);
        HostArrays.write(state.parameters(), graph.params());
    }

    private void start(ComputationGraph graph, ParameterLayout layout) {
        if (state == null) {
            state = new TrainingState(
                    0,
                    HostArrays.read(graph.params()),
                    settings.keepsOptimizer() ? new float[layout.stateLength()] : new float[0],
                    settings.outerMomentum() > 0 ? new float[layout.parameters()] : new float[0]);
        }
        graph.getConfiguration().setEpochCount(state.round() / settings.roundsPerEpoch());
    }

    private ShardWorker.WorkerSettings workerSettings(ComputationGraph graph) {
        LearnerSpec spec = LearnerGraph.transformer(graph).spec();
        ParameterLayout layout = spec.layout();
        return new ShardWorker.WorkerSettings(
                graph.getConfiguration().toJson(),
                settings.keepsOptimizer(),
                new Aggregation.Parts(layout, settings.encoding(layout, spec.seed()), settings.averaging()));
    }

    @Override
    public ShardWorker getWorkerInstance(SparkComputationGraph graph) {
        ShardWorker.WorkerSettings workers = workerSettings(graph.getNetwork());
        start(graph.getNetwork(), workers.parts().layout());
        return new ShardWorker(workers, 0, settings.start(state, workers.parts().encoding()));
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
                "This training master trains the ComputationGraph of a learner from an RDD of mini-batches, not "
                        + what);
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
