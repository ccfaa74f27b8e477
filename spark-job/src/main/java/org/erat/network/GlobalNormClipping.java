package org.erat.network;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Scales the gradient of the whole graph, adapters and head together, to a largest norm. Deeplearning4j's own clipping
 * knows single layers and parameters only. Where loss or gradient are not finite the step is not made: parameters stay
 * as they were before it.
 */
public final class GlobalNormClipping extends BaseTrainingListener {
    private final double maxNorm;

    /** @param maxNorm largest L2 norm of the mean gradient of a mini-batch; 0 for any */
    public GlobalNormClipping(double maxNorm) {
        this.maxNorm = maxNorm;
    }

    @Override
    public void onGradientCalculation(Model model) {
        ComputationGraph graph = (ComputationGraph) model;
        INDArray gradient = graph.getFlattenedGradients();
        // At this point gradients are sums over the mini-batch; the updater divides by its size afterwards.
        double norm = gradient.norm2Number().doubleValue() / graph.batchSize();
        if (!Double.isFinite(norm) || !Double.isFinite(graph.score())) {
            throw LocalSteps.NotFiniteException.before(graph.score(), norm);
        }
        if (maxNorm > 0 && norm > maxNorm) {
            gradient.muli(maxNorm / norm);
        }
    }
}
