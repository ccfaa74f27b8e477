package org.erat.model;

import org.erat.compute.Kernels;
import org.erat.compute.Norms.NormState;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;

/** Normalization of hidden states with frozen weights. */
final class Norm {
    private final Kernels kernels;
    private final TransformerWeights.NormWeights weights;
    private final double epsilon;
    private final boolean centers;

    Norm(Kernels kernels, Architecture.Norm norm, TransformerWeights.NormWeights weights) {
        this.kernels = kernels;
        this.weights = weights;
        this.epsilon = norm.epsilon();
        this.centers = norm.kind().centers();
    }

    /** y [N,H] of x [N,H], which is saved for the backward pass and otherwise left to the caller. */
    Tensor forward(Tensor x, BlockPass pass) {
        NormState state = statistics(x);
        Tensor y = normalize(state);
        pass.saveState(this, state);
        if (centers) {
            pass.release(state.mean());
        }
        pass.release(state.rstd());
        return y;
    }

    /** dx [N,H]. */
    Tensor backward(Tensor dy, BlockPass pass) {
        NormState state = pass.state(this);
        return centers
                ? kernels.norms().layerNormBackward(dy, weights.weight(), weights.bias(), epsilon, state)
                : kernels.norms().rmsNormBackward(dy, weights.weight(), state);
    }

    /** y of x outside of any block, where nothing is differentiated; x is closed. */
    Tensor apply(Tensor x) {
        NormState state = statistics(x);
        Tensor y = normalize(state);
        x.close();
        if (centers) {
            state.mean().close();
        }
        state.rstd().close();
        return y;
    }

    private NormState statistics(Tensor x) {
        long rows = x.shape()[0];
        return new NormState(
                x,
                centers ? kernels.memory().allocateSingle(rows) : null,
                kernels.memory().allocateSingle(rows));
    }

    private Tensor normalize(NormState state) {
        return centers
                ? kernels.norms()
                        .layerNorm(state.input(), weights.weight(), weights.bias(), epsilon, state.mean(), state.rstd())
                : kernels.norms().rmsNorm(state.input(), weights.weight(), epsilon, state.rstd());
    }
}
