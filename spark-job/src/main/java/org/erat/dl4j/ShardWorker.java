package org.erat.dl4j;

import java.util.Arrays;
import java.util.Iterator;
import javax.annotation.Nullable;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.api.TrainingWorker;
import org.deeplearning4j.spark.api.WorkerConfiguration;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;
import org.erat.adapter.RowActivity;
import org.erat.data.tokenized.Batch;
import org.erat.learner.NotFiniteException;
import org.erat.training.RoundState;
import org.erat.training.ShardResult;
import org.erat.training.SharedValues;
import org.erat.training.average.Aggregation;
import org.erat.training.round.DivergedException;
import org.erat.training.round.LocalTraining;
import org.erat.training.round.SkippingIterator;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * One shard in one round: a graph set to the round's state, the local steps, and what they changed. The result follows
 * from the round's state, the shard's number and its data alone. Confined to one task.
 */
public final class ShardWorker implements TrainingWorker<ShardResult> {
    private final WorkerSettings settings;
    private final int shard;
    private final RoundState round;

    @Nullable
    private LocalSteps local;

    private int steps;
    private long examples;
    private long targets;
    private int stepWeights;
    private long tokens;
    private long padded;
    private double lossSum;
    private long begun;

    /**
     * What all workers of a run share.
     *
     * @param configuration of the graph, as Deeplearning4j's JSON
     * @param keepsOptimizer whether optimizer state travels; if not, it starts anew in every round
     * @param parts what is sent back
     */
    record WorkerSettings(String configuration, boolean keepsOptimizer, Aggregation.Parts parts)
            implements LocalTraining<MultiDataSet> {
        @Override
        public ShardResult run(int shard, RoundState round, Iterator<MultiDataSet> batches) {
            return new ShardWorker(this, shard, round).run(batches);
        }
    }

    ShardWorker(WorkerSettings settings, int shard, RoundState round) {
        this.settings = settings;
        this.shard = shard;
        this.round = round;
    }

    /** Makes the round's local steps on the shard's mini-batches of the epoch. */
    private ShardResult run(Iterator<MultiDataSet> batches) {
        ComputationGraph graph = getInitialModelGraph();
        boolean done = false;
        try {
            SkippingIterator.skip(batches, round.skip());
            while (steps < round.steps() && batches.hasNext()) {
                processMinibatch(batches.next(), graph, false);
            }
            ShardResult result = getFinalResult(graph);
            done = true;
            return result;
        } catch (DivergedException e) {
            // A result and no failure: Spark would try the task again, to the same end, and name whichever ended first.
            return ShardResult.diverged(shard, e.divergence());
        } finally {
            if (local != null) {
                local.close();
            }
            if (done) {
                GraphPool.release(settings.configuration(), graph);
            } else {
                GraphPool.discard(graph);
            }
        }
    }

    /** A graph that stands where the round starts. */
    @Override
    public ComputationGraph getInitialModelGraph() {
        ComputationGraph graph = GraphPool.acquire(settings.configuration());
        SharedValues values = start();
        HostArrays.write(values.parameters(), graph.params());
        INDArray state = graph.getUpdater().getStateViewArray();
        if (state != null && values.optimizer().length == 0) {
            state.assign(0);
        } else if (state != null) {
            HostArrays.write(values.optimizer(), state);
        }
        LearnerGraph.startAt(graph, round.firstStep(), round.epoch());
        LearnerGraph.setShard(graph, shard);
        LearnerGraph.transformer(graph).adapted().activity().take();
        begun = System.nanoTime();
        return graph;
    }

    /** What the round starts from. */
    private SharedValues start() {
        return round.values(settings.parts().encoding());
    }

    /**
     * One local step.
     *
     * @throws DivergedException if it gave a value that is not finite
     */
    @Override
    public ShardResult processMinibatch(MultiDataSet data, ComputationGraph graph, boolean isLast) {
        if (local == null) {
            local = LocalSteps.of(graph);
        }
        Batch batch =
                BatchArrays.batch(data, LearnerGraph.transformer(graph).spec().head());
        double loss;
        try {
            loss = local.step(batch);
        } catch (NotFiniteException e) {
            throw new DivergenceSearch(graph, round, shard, round.firstStep() + steps).find(e, batch);
        }
        steps++;
        examples += batch.size();
        targets += batch.targets().count();
        stepWeights += LearnerGraph.transformer(graph).spec().stepWeight(batch);
        tokens += batch.tokenCount();
        padded += (long) batch.size() * batch.tokens() - batch.tokenCount();
        lossSum += loss * batch.targets().count();
        return isLast ? getFinalResult(graph) : null;
    }

    @Override
    public ShardResult processMinibatch(DataSet batch, ComputationGraph graph, boolean isLast) {
        return processMinibatch(batch.toMultiDataSet(), graph, isLast);
    }

    /** The rows that were active and the head, as they stand. */
    @Override
    public ShardResult getFinalResult(ComputationGraph graph) {
        if (local != null) {
            local.finish();
        }
        long nanos = System.nanoTime() - begun;
        RowActivity.Counts counts =
                LearnerGraph.transformer(graph).adapted().activity().take();
        if (settings.parts().layout().optimizer().updatesAllRows()) {
            for (int[] rows : counts.weights()) {
                Arrays.fill(rows, stepWeights);
            }
        }
        INDArray state = graph.getUpdater().getStateViewArray();
        SharedValues values = new SharedValues(
                HostArrays.read(graph.params()),
                settings.keepsOptimizer() && state != null ? HostArrays.read(state) : new float[0]);
        return new ShardResult(
                shard,
                steps,
                examples,
                targets,
                tokens,
                padded,
                lossSum,
                counts.activeRows(),
                counts.weights(),
                settings.parts().encoding().encode(values, start(), counts.weights(), targets, round.round(), shard),
                nanos,
                null);
    }

    @Override
    public ShardResult getFinalResultNoData() {
        return getFinalResult(getInitialModelGraph());
    }

    @Override
    public long getInstanceId() {
        return shard;
    }

    @Override
    public WorkerConfiguration getDataConfiguration() {
        return new WorkerConfiguration(true, 1, 0, round.steps(), 0, false);
    }

    @Override
    public Pair<ShardResult, SparkTrainingStats> processMinibatchWithStats(
            DataSet batch, ComputationGraph graph, boolean isLast) {
        return new Pair<>(processMinibatch(batch, graph, isLast), null);
    }

    @Override
    public Pair<ShardResult, SparkTrainingStats> processMinibatchWithStats(
            MultiDataSet batch, ComputationGraph graph, boolean isLast) {
        return new Pair<>(processMinibatch(batch, graph, isLast), null);
    }

    @Override
    public Pair<ShardResult, SparkTrainingStats> getFinalResultWithStats(ComputationGraph graph) {
        return new Pair<>(getFinalResult(graph), null);
    }

    @Override
    public Pair<ShardResult, SparkTrainingStats> getFinalResultNoDataWithStats() {
        return new Pair<>(getFinalResultNoData(), null);
    }

    @Override
    public MultiLayerNetwork getInitialModel() {
        throw graphsOnly();
    }

    @Override
    public ShardResult processMinibatch(DataSet batch, MultiLayerNetwork network, boolean isLast) {
        throw graphsOnly();
    }

    @Override
    public Pair<ShardResult, SparkTrainingStats> processMinibatchWithStats(
            DataSet batch, MultiLayerNetwork network, boolean isLast) {
        throw graphsOnly();
    }

    @Override
    public ShardResult getFinalResult(MultiLayerNetwork network) {
        throw graphsOnly();
    }

    @Override
    public Pair<ShardResult, SparkTrainingStats> getFinalResultWithStats(MultiLayerNetwork network) {
        throw graphsOnly();
    }

    @Override
    public void addHook(TrainingHook hook) {
        throw new UnsupportedOperationException("Rounds are reported to RoundListener; there are no hooks");
    }

    @Override
    public void removeHook(TrainingHook hook) {
        // There is none.
    }

    private static UnsupportedOperationException graphsOnly() {
        return new UnsupportedOperationException("A learner is a ComputationGraph, not a MultiLayerNetwork");
    }
}
