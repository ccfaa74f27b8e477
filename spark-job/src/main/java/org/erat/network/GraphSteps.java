package org.erat.network;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Steps as Deeplearning4j makes them. */
final class GraphSteps implements LocalSteps {
    private final ComputationGraph graph;

    GraphSteps(ComputationGraph graph, double clipNorm) {
        this.graph = graph;
        graph.setListeners(new GlobalNormClipping(clipNorm));
    }

    @Override
    public double step(MultiDataSet batch) {
        graph.fit(batch);
        // Decoupled weight decay moves parameters but is no part of the loss; Deeplearning4j's score adds it.
        double loss = graph.score() - graph.calcRegularizationScore(true);
        // The sum of finite floats of such numbers is finite, unless they are as good as infinite.
        if (!Double.isFinite(graph.params().sumNumber().doubleValue())) {
            throw NotFiniteException.after(loss);
        }
        return loss;
    }

    @Override
    public void finish() {
        // All that the steps change is the graph's.
    }

    @Override
    public void close() {
        graph.setListeners();
    }
}
