package org.erat.dl4j;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.data.tokenized.Batch;
import org.erat.learner.Learner;
import org.erat.learner.NotFiniteException;

/** Steps of a {@link Learner}, between a graph's values at the first and at the last of them. */
final class LearnerSteps implements LocalSteps {
    private final ComputationGraph graph;
    private final TransformerLayer layer;
    private final Learner learner;

    LearnerSteps(ComputationGraph graph) {
        this.graph = graph;
        this.layer = LearnerGraph.transformer(graph);
        graph.initGradientsView();
        this.learner = new Learner(
                layer.spec(),
                layer.adapted(),
                layer.runtime(),
                HostArrays.of(graph.params()),
                HostArrays.of(graph.getUpdater().getStateViewArray()));
    }

    @Override
    public double step(Batch batch) {
        int step = graph.getConfiguration().getIterationCount();
        try {
            double loss = learner.step(batch, step, layer.shard());
            graph.getConfiguration().setIterationCount(step + 1);
            return loss;
        } catch (NotFiniteException e) {
            finish();
            learner.downloadGradient(HostArrays.of(graph.getFlattenedGradients()));
            throw e;
        }
    }

    @Override
    public void finish() {
        learner.download(
                HostArrays.of(graph.params()), HostArrays.of(graph.getUpdater().getStateViewArray()));
        LearnerGraph.startAt(
                graph,
                graph.getConfiguration().getIterationCount(),
                graph.getConfiguration().getEpochCount());
    }

    @Override
    public void close() {
        learner.close();
    }
}
