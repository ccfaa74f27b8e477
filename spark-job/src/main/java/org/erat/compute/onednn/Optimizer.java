package org.erat.compute.onednn;

import java.util.List;
import org.erat.compute.AdamW;
import org.erat.compute.HostOptimizer;
import org.erat.compute.HostValues;
import org.erat.compute.Loss;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Losses and the optimizer's step: loops in Java, as they are a small part of a step. */
final class Optimizer {
    private final Execution execution;

    Optimizer(Execution execution) {
        this.execution = execution;
    }

    OneDnnTensor loss(Loss loss, Tensor outputs, INDArray targets, Tensor losses) {
        Shapes.checkLoss(outputs, targets.shape(), losses);
        OneDnnTensor given = OneDnnTensor.of(outputs);
        OneDnnTensor gradient = execution.allocate(Precision.F32, outputs.shape());
        HostValues lossOf = values(losses);
        float[] output = new float[(int) given.columnsCount()];
        for (long row = 0; row < given.rowsCount(); row++) {
            given.getRow(row, output);
            float[] target = targets.getRow(row).toFloatVector();
            lossOf.put(
                    row,
                    switch (loss) {
                        case CROSS_ENTROPY -> crossEntropy(output, target);
                        case SQUARED_ERROR -> squaredError(output, target);
                    });
            gradient.putRow(row, output);
        }
        return gradient;
    }

    /** Replaces the outputs by their gradient. */
    private static double crossEntropy(float[] output, float[] target) {
        double largest = Double.NEGATIVE_INFINITY;
        double targets = 0;
        for (int i = 0; i < output.length; i++) {
            largest = Math.max(largest, output[i]);
            targets += target[i];
        }
        double sum = 0;
        for (float one : output) {
            sum += Math.exp(one - largest);
        }
        double logarithm = largest + Math.log(sum);
        double loss = 0;
        for (int i = 0; i < output.length; i++) {
            loss += target[i] * (logarithm - output[i]);
            output[i] = (float) (targets * Math.exp(output[i] - logarithm) - target[i]);
        }
        return loss;
    }

    /** Replaces the outputs by their gradient. */
    private static double squaredError(float[] output, float[] target) {
        double loss = 0;
        for (int i = 0; i < output.length; i++) {
            double error = (double) output[i] - target[i];
            loss += error * error / output.length;
            output[i] = (float) (2 * error / output.length);
        }
        return loss;
    }

    void summarise(Tensor losses, Tensor gradient, double largestNorm, Tensor summary) {
        Shapes.checkSummary(losses, gradient, summary);
        HostOptimizer.summarise(
                values(losses), losses.shape()[0], values(gradient), gradient.shape()[0], largestNorm, values(summary));
    }

    void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Stretch> stretches,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary) {
        Shapes.checkAdamW(stretches, parameters, gradient, state, summary);
        HostOptimizer.adamW(
                rule, learningRate, stretches, values(parameters), values(gradient), values(state), values(summary));
    }

    private static HostValues values(Tensor vector) {
        OneDnnTensor dense = OneDnnTensor.of(vector);
        Shapes.require(dense.format() == Precision.F32, "optimizer: a tensor in bf16 where single precision is needed");
        return HostValues.of(dense.block().floats(), dense.first());
    }
}
