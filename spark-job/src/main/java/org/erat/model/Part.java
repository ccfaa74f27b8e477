package org.erat.model;

import javax.annotation.Nullable;
import org.erat.compute.Tensor;

/** A part of a block, from hidden states to hidden states, [N,H] to [N,H]. */
interface Part {
    /** Whether one of its projections carries an adapter. */
    boolean isAdapted(BlockPass pass);

    /** y of x; x stays open. */
    Tensor forward(Tensor x, BlockPass pass);

    /**
     * Adds the gradients of the part's adapters.
     *
     * @param dy [N,H]; stays open
     * @param residual [N,H], the gradient of x that passes the part by; null for none
     * @param needed whether the gradient of x is asked for
     * @return dx + residual, or null
     */
    @Nullable
    Tensor backward(Tensor dy, @Nullable Tensor residual, boolean needed, BlockPass pass, Gradients gradients);
}
