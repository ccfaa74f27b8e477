package org.erat.dl4j;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.data.tokenized.Batch;

/**
 * Local training steps of one graph, which stands at the first of them ({@link LearnerGraph#startAt}, parameters, optimizer
 * state) and, after {@link #finish}, where the last one led. Confined to one thread.
 */
public interface LocalSteps extends AutoCloseable {
    /**
     * Makes the next step.
     *
     * @return mean loss over the targets, before the step
     * @throws org.erat.learner.NotFiniteException if it gave a value that is not finite; graph and gradient are those of
     *     that step then
     */
    double step(Batch batch);

    /** Brings parameters and optimizer state to the graph. */
    void finish();

    @Override
    void close();

    /**
     * The steps of a graph: where its model computes in memory of its own, all that they change stays there until they are
     * finished, if its optimizer is AdamW; else they are Deeplearning4j's.
     */
    static LocalSteps of(ComputationGraph graph) {
        TransformerLayer layer = LearnerGraph.transformer(graph);
        return layer.kernels().memory().onDevice() && layer.spec().optimizer().hasState()
                ? byLearner(graph)
                : new FitSteps(graph);
    }

    /** The steps of the bare learner, which give the same bits wherever its tensors are. */
    static LocalSteps byLearner(ComputationGraph graph) {
        return new LearnerSteps(graph);
    }
}
