package org.erat.model;

import java.util.List;
import javax.annotation.Nullable;
import org.erat.adapter.LowRankAdapter;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Matrices.Activated;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Projection;

/**
 * A frozen linear map with the adapters of its projections: y[N,O] = x[N,I]·Wᵀ + b + the adapters' outputs. Projections of
 * one input (query, key and value) are stacked into one map, of which each owns some columns of y.
 */
final class AdaptedLinear {
    /** The columns [from, to) of y that a projection owns. */
    record Part(Projection projection, long from, long to) {}

    private final Kernels kernels;
    private final FrozenLinear weights;
    private final List<Part> parts;

    AdaptedLinear(Kernels kernels, FrozenLinear weights, List<Part> parts) {
        this.kernels = kernels;
        this.weights = weights;
        this.parts = List.copyOf(parts);
    }

    /** A map of one projection. */
    static AdaptedLinear of(Kernels kernels, FrozenLinear weights, Projection projection) {
        return new AdaptedLinear(kernels, weights, List.of(new Part(projection, 0, weights.out())));
    }

    /** Whether one of its projections carries an adapter. */
    boolean isAdapted(BlockPass pass) {
        return parts.stream().anyMatch(part -> pass.adapter(part.projection()) != null);
    }

    /** The frozen part of y. */
    Tensor frozen(Tensor x) {
        return kernels.matrices().linear(x, weights);
    }

    Tensor forward(Tensor x, BlockPass pass) {
        Tensor y = frozen(x);
        adapt(x, y, pass);
        return y;
    }

    /** Adds the adapters' outputs to the frozen part y. */
    void adapt(Tensor x, Tensor y, BlockPass pass) {
        for (Part part : parts) {
            LowRankAdapter adapter = pass.adapter(part.projection());
            if (adapter != null) {
                adapter.forward(x, columns(y, part), pass.keeps());
                pass.saveInput(this, x);
            }
        }
    }

    /**
     * Adds the adapters' gradients.
     *
     * @param residual [N,I], the gradient of x that reaches it by another way; null for none
     * @param needed whether the gradient of x is asked for
     * @return dx [N,I], or null
     */
    @Nullable
    Tensor backward(Tensor dy, @Nullable Tensor residual, boolean needed, BlockPass pass, Gradients gradients) {
        Tensor dx = needed ? kernels.matrices().linearBackward(dy, weights) : null;
        if (dx != null && residual != null) {
            kernels.pointwise().add(residual, dx);
        }
        for (Part part : parts) {
            LowRankAdapter adapter = pass.adapter(part.projection());
            if (adapter != null) {
                adapter.backward(pass.input(this), columns(dy, part), dx, pass.gradient(part.projection(), gradients));
            }
        }
        return dx;
    }

    /** f(y) and y: one primitive where no adapter lies between map and activation. */
    Activated forward(Activation f, Tensor x, BlockPass pass) {
        if (!isAdapted(pass)) {
            return kernels.matrices().linearActivation(f, x, weights);
        }
        Tensor inner = forward(x, pass);
        return new Activated(inner, kernels.pointwise().activation(f, inner));
    }

    /** The gradient of {@code inner} where x = f(inner): one primitive where no adapter lies between. */
    Tensor backward(Activation f, Tensor dy, Tensor inner, BlockPass pass, Gradients gradients) {
        if (!isAdapted(pass)) {
            return kernels.matrices().linearActivationBackward(f, dy, weights, inner);
        }
        try (Tensor dActivated = backward(dy, null, true, pass, gradients)) {
            return kernels.pointwise().activationBackward(f, dActivated, inner);
        }
    }

    private Tensor columns(Tensor y, Part part) {
        return parts.size() == 1 ? y : y.columns(part.from(), part.to());
    }
}
