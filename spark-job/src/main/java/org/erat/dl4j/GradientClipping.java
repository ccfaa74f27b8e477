package org.erat.dl4j;

import java.nio.DoubleBuffer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.erat.compute.HostTensor;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.Update;
import org.erat.learner.NotFiniteException;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Scales the gradient of a whole graph, adapters and head together, to a largest norm. Deeplearning4j's own clipping knows
 * single layers and parameters only. Where loss or gradient are not finite the step is not made: parameters stay as they
 * were before it.
 */
final class GradientClipping extends BaseTrainingListener {
    private final double maxNorm;

    /** @param maxNorm largest L2 norm of the gradient; 0 for no clipping */
    GradientClipping(double maxNorm) {
        this.maxNorm = maxNorm;
    }

    @Override
    public void onGradientCalculation(Model model) {
        ComputationGraph graph = (ComputationGraph) model;
        Kernels kernels = LearnerGraph.transformer(graph).kernels();
        INDArray gradient = graph.getFlattenedGradients();
        double[] values = new double[Update.SUMMARY];
        DoubleBuffer loss = DoubleBuffer.wrap(new double[] {graph.score()});
        try (HostTensor all = HostTensor.write(kernels.memory(), HostArrays.of(gradient), gradient.length());
                Tensor losses = kernels.memory().uploadSingle(loss, 1);
                Tensor summary = kernels.memory().allocateSingle(Update.SUMMARY)) {
            kernels.update().clip(losses, all.tensor(), maxNorm, summary);
            kernels.memory().download(summary, DoubleBuffer.wrap(values));
        }
        if (values[Update.FINITE] == 0) {
            throw NotFiniteException.before(graph.score(), values[Update.NORM]);
        }
    }
}
