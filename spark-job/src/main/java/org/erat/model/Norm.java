package org.erat.model;

import org.erat.compute.Kernels;
import org.erat.compute.Norms.LayerNormState;
import org.erat.compute.Tensor;

/** Layer normalization with frozen weight and bias. */
final class Norm {
    private final Kernels kernels;
    private final TransformerWeights.NormWeights weights;
    private final double epsilon;

    Norm(Kernels kernels, TransformerWeights.NormWeights weights, double epsilon) {
        this.kernels = kernels;
        this.weights = weights;
        this.epsilon = epsilon;
    }

    /** y [N,H] of x [N,H], which is saved for the backward pass and otherwise left to the caller. */
    Tensor forward(Tensor x, BlockPass pass) {
        LayerNormState state = statistics(x);
        Tensor y = kernels.norms().layerNorm(x, weights.weight(), weights.bias(), epsilon, state.mean(), state.rstd());
        pass.saveState(this, state);
        pass.release(state.mean());
        pass.release(state.rstd());
        return y;
    }

    /** dx [N,H]. */
    Tensor backward(Tensor dy, BlockPass pass) {
        return kernels.norms().layerNormBackward(dy, weights.weight(), weights.bias(), epsilon, pass.state(this));
    }

    /** y of x outside of any block, where nothing is differentiated; x is closed. */
    Tensor apply(Tensor x) {
        LayerNormState state = statistics(x);
        try (Tensor input = x;
                Tensor mean = state.mean();
                Tensor rstd = state.rstd()) {
            return kernels.norms().layerNorm(input, weights.weight(), weights.bias(), epsilon, mean, rstd);
        }
    }

    private LayerNormState statistics(Tensor x) {
        long rows = x.shape()[0];
        return new LayerNormState(
                x, kernels.memory().allocateSingle(rows), kernels.memory().allocateSingle(rows));
    }
}
