package org.erat.dl4j;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.data.tokenized.Batch;
import org.erat.learner.NotFiniteException;

/**
 * Local training steps of one graph, which stands at the first of them ({@link LearnerGraph#startAt}, parameters, optimizer
 * state) and, after {@link #finish}, where the last one led. Confined to one thread.
 */
public interface LocalSteps extends AutoCloseable {
    /**
     * Makes the next step.
     *
     * @return mean loss over the targets, before the step
     * @throws NotFiniteException if it gave a value that is not finite; graph and gradient are those of
     *     that step then
     */
    double step(Batch batch);

    /** Brings parameters and optimizer state to the graph. */
    void finish();

    @Override
    void close();

    /**
     * The steps of a graph. With AdamW they are those of the bare learner where its model computes in memory of its own, in
     * which all that they change then stays until they are finished, and where batches are worked in parts, which
     * Deeplearning4j does not. Else they are Deeplearning4j's.
     */
    static LocalSteps of(ComputationGraph graph) {
        TransformerLayer layer = LearnerGraph.transformer(graph);
        boolean inParts = layer.spec().microBatchSize() > 0;
        return (inParts || layer.kernels().memory().onDevice())
                        && layer.spec().optimizer().hasState()
                ? byLearner(graph)
                : new FitSteps(graph);
    }

    /** The steps of the bare learner, which give the same bits wherever its tensors are. */
    static LocalSteps byLearner(ComputationGraph graph) {
        return new LearnerSteps(graph);
    }

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
}
