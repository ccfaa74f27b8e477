package org.erat.model;

import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;

/**
 * The feed-forward part with a gate (Shazeer, arXiv 2002.05202).
 *
 * <pre>
 *   x [N,H] ─┬─ gate ──────────► gate [N,F] ── f ──┐
 *            └─ intermediate ──► inner [N,F] ───── · ──► gated [N,F] ── output ──► y [N,H]
 * </pre>
 */
final class GatedFeedForwardPart implements Part {
    private final Kernels kernels;
    private final AdaptedLinear gate;
    private final Activation activation;
    private final AdaptedLinear intermediate;
    private final AdaptedLinear output;

    GatedFeedForwardPart(
            Kernels kernels,
            AdaptedLinear gate,
            Activation activation,
            AdaptedLinear intermediate,
            AdaptedLinear output) {
        this.kernels = kernels;
        this.gate = gate;
        this.activation = activation;
        this.intermediate = intermediate;
        this.output = output;
    }

    @Override
    public boolean isAdapted(BlockPass pass) {
        return inputsAdapted(pass) || output.isAdapted(pass);
    }

    private boolean inputsAdapted(BlockPass pass) {
        return gate.isAdapted(pass) || intermediate.isAdapted(pass);
    }

    @Override
    public Tensor forward(Tensor x, BlockPass pass) {
        pass.gate = gate.forward(x, pass);
        pass.inner = intermediate.forward(x, pass);
        pass.save(pass.gate);
        pass.save(pass.inner);
        Tensor gated = gated(pass);
        pass.release(pass.gate);
        pass.release(pass.inner);
        Tensor y = output.forward(gated, pass);
        pass.release(gated);
        return y;
    }

    private Tensor gated(BlockPass pass) {
        try (Tensor activated = kernels.pointwise().activation(activation, pass.gate)) {
            return kernels.pointwise().multiply(activated, pass.inner);
        }
    }

    @Nullable
    @Override
    public Tensor backward(Tensor dy, @Nullable Tensor residual, boolean needed, BlockPass pass, Gradients gradients) {
        Tensor dGated = output.backward(dy, null, needed || inputsAdapted(pass), pass, gradients);
        if (dGated == null) {
            return null;
        }
        Tensor dInner = innerBackward(dGated, pass);
        Tensor dGate = gateBackward(dGated, pass);
        dGated.close();
        Tensor dxOfInner = intermediate.backward(dInner, residual, needed, pass, gradients);
        dInner.close();
        Tensor dx = gate.backward(dGate, dxOfInner, needed, pass, gradients);
        dGate.close();
        if (dxOfInner != null) {
            dxOfInner.close();
        }
        return dx;
    }

    private Tensor innerBackward(Tensor dGated, BlockPass pass) {
        try (Tensor activated = kernels.pointwise().activation(activation, pass.gate)) {
            return kernels.pointwise().multiply(dGated, activated);
        }
    }

    private Tensor gateBackward(Tensor dGated, BlockPass pass) {
        try (Tensor dActivated = kernels.pointwise().multiply(dGated, pass.inner)) {
            return kernels.pointwise().activationBackward(activation, dActivated, pass.gate);
        }
    }
}
