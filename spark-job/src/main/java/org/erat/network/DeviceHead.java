package org.erat.network;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.compute.Activation;
import org.erat.compute.Kernels;
import org.erat.compute.Loss;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

/**
 * The head of {@link EncoderGraph}, a dense layer with tanh and an output layer, and its loss, where the encoder computes:
 * o = tanh(p·W₁ᵀ + b₁)·W₂ᵀ + b₂ for pooled vectors p [B,H]. All of it is in single precision.
 *
 * <p>Deeplearning4j keeps weights [in,out] by columns, which is [out,in] by rows, and each layer's bias behind them.
 */
final class DeviceHead {
    private final Kernels kernels;
    private final Loss loss;
    private final long width;
    private final long outputs;
    private final long start;

    /** @param start index of the head's first value in the graph's parameters */
    DeviceHead(Kernels kernels, ComputationGraph graph, long start) {
        OutputLayer output =
                (OutputLayer) graph.getLayer(EncoderGraph.OUTPUT).conf().getLayer();
        this.kernels = kernels;
        this.loss = output.getLossFn() instanceof LossMSE ? Loss.SQUARED_ERROR : Loss.CROSS_ENTROPY;
        this.width = output.getNIn();
        this.outputs = output.getNOut();
        this.start = start;
        long end = start + (width + 1) * width + (width + 1) * outputs;
        if (end != graph.numParams()) {
            throw new IllegalStateException(
                    "A head that ends at value " + end + " of " + graph.numParams() + " is not this one");
        }
    }

    /** The head's arrays in a tensor [n] of all parameters, or of their gradients. */
    private record Arrays(Tensor denseWeight, Tensor denseBias, Tensor outputWeight, Tensor outputBias) {}

    private Arrays within(Tensor flat) {
        long denseBias = start + width * width;
        long outputWeight = denseBias + width;
        return new Arrays(
                flat.matrix(start, width, width),
                flat.matrix(denseBias, 1, width),
                flat.matrix(outputWeight, outputs, width),
                flat.matrix(outputWeight + outputs * width, 1, outputs));
    }

    /**
     * Forward and backward pass.
     *
     * @param pooled [B,H]
     * @param targets [B,C]
     * @param parameters [n] of the whole graph
     * @param gradient [n], receives the head's
     * @param losses [B], receives the loss of each example
     * @return [B,H], the gradient of the sum of the losses with respect to {@code pooled}
     */
    Tensor run(Tensor pooled, INDArray targets, Tensor parameters, Tensor gradient, Tensor losses) {
        Arrays values = within(parameters);
        Arrays gradients = within(gradient);
        List<Tensor> scratch = new ArrayList<>();
        try {
            Tensor ones = keep(scratch, kernels.allocateSingle(pooled.shape()[0], 1));
            kernels.fill(ones, 1);
            Tensor inner = keep(scratch, affine(pooled, values.denseWeight(), values.denseBias(), ones));
            Tensor activated = keep(scratch, kernels.activation(Activation.TANH, inner));
            Tensor output = keep(scratch, affine(activated, values.outputWeight(), values.outputBias(), ones));
            Tensor dOutput = keep(scratch, kernels.loss(loss, output, targets, losses));
            kernels.product(dOutput, true, activated, false, 1, 0, gradients.outputWeight());
            kernels.product(ones, true, dOutput, false, 1, 0, gradients.outputBias());
            Tensor dActivated = keep(scratch, times(dOutput, values.outputWeight()));
            Tensor dInner = keep(scratch, kernels.activationBackward(Activation.TANH, dActivated, inner));
            kernels.product(dInner, true, pooled, false, 1, 0, gradients.denseWeight());
            kernels.product(ones, true, dInner, false, 1, 0, gradients.denseBias());
            return times(dInner, values.denseWeight());
        } finally {
            scratch.forEach(Tensor::close);
        }
    }

    private static Tensor keep(List<Tensor> scratch, Tensor tensor) {
        scratch.add(tensor);
        return tensor;
    }

    /** x·wᵀ + bias. */
    private Tensor affine(Tensor x, Tensor weight, Tensor bias, Tensor ones) {
        Tensor y = kernels.allocateSingle(x.shape()[0], weight.shape()[0]);
        kernels.product(ones, false, bias, false, 1, 0, y);
        kernels.product(x, false, weight, true, 1, 1, y);
        return y;
    }

    /** dy·w. */
    private Tensor times(Tensor dy, Tensor weight) {
        Tensor dx = kernels.allocateSingle(dy.shape()[0], weight.shape()[1]);
        kernels.product(dy, false, weight, false, 1, 0, dx);
        return dx;
    }
}
