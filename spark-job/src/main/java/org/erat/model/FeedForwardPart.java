package org.erat.model;

import javax.annotation.Nullable;
import org.erat.compute.Matrices.Activated;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;

/**
 * The feed-forward part without a gate.
 *
 * <pre>
 *   x [N,H] ── intermediate ──► inner [N,F] ── f ──► activated [N,F] ── output ──► y [N,H]
 * </pre>
 */
final class FeedForwardPart implements Part {
    private final AdaptedLinear intermediate;
    private final Activation activation;
    private final AdaptedLinear output;

    FeedForwardPart(AdaptedLinear intermediate, Activation activation, AdaptedLinear output) {
        this.intermediate = intermediate;
        this.activation = activation;
        this.output = output;
    }

    @Override
    public boolean isAdapted(BlockPass pass) {
        return intermediate.isAdapted(pass) || output.isAdapted(pass);
    }

    @Override
    public Tensor forward(Tensor x, BlockPass pass) {
        Activated activated = intermediate.forward(activation, x, pass);
        pass.inner = activated.inner();
        pass.save(pass.inner);
        pass.release(pass.inner);
        Tensor y = output.forward(activated.y(), pass);
        pass.release(activated.y());
        return y;
    }

    @Nullable
    @Override
    public Tensor backward(Tensor dy, @Nullable Tensor residual, boolean needed, BlockPass pass, Gradients gradients) {
        if (!needed && !intermediate.isAdapted(pass)) {
            return output.backward(dy, null, false, pass, gradients);
        }
        try (Tensor dInner = output.backward(activation, dy, pass.inner, pass, gradients)) {
            return intermediate.backward(dInner, residual, needed, pass, gradients);
        }
    }
}
