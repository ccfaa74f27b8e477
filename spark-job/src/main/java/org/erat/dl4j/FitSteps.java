package org.erat.dl4j;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.data.tokenized.Batch;
import org.erat.learner.NotFiniteException;

/** Steps as Deeplearning4j makes them. */
final class FitSteps implements LocalSteps {
    private final ComputationGraph graph;

    FitSteps(ComputationGraph graph) {
        this.graph = graph;
        double clipNorm = LearnerGraph.transformer(graph).spec().optimizer().clipNorm();
        graph.setListeners(new GradientClipping(clipNorm));
    }

    @Override
    public double step(Batch batch) {
        graph.fit(BatchArrays.of(batch));
        // The sum of finite floats of such values is finite, unless they are about to overflow.
        if (!Double.isFinite(graph.params().sumNumber().doubleValue())) {
            throw NotFiniteException.after(graph.score());
        }
        return graph.score();
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
