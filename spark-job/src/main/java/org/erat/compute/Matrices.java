package org.erat.compute;

import org.erat.data.architecture.Activation;

/** Matrix products. */
public interface Matrices {
    /** y[N,O] = x[N,I]·Wᵀ + b. */
    Tensor linear(Tensor x, FrozenLinear w);

    /**
     * The same in {@link Memory#single}, not rounded to the dtype of activations: logits of a large vocabulary, whose softmax
     * takes differences of large numbers.
     */
    Tensor linearSingle(Tensor x, FrozenLinear w);

    /** dx[N,I] = dy[N,O]·W; the weight is frozen, so there is no other gradient. */
    Tensor linearBackward(Tensor dy, FrozenLinear w);

    /** The result of {@link #linearActivation}: {@code inner} [N,O] before the activation and {@code y} [N,O] after it. */
    record Activated(Tensor inner, Tensor y) {}

    /** y = f(inner) with inner[N,O] = x[N,I]·Wᵀ + b: {@link #linear} and {@link Pointwise#activation} in one. */
    Activated linearActivation(Activation f, Tensor x, FrozenLinear w);

    /**
     * dInner[N,I] = (dy[N,O]·W) · f′(inner), the backward pass of y = f(inner)·Wᵀ + b: {@link #linearBackward} and
     * {@link Pointwise#activationBackward} in one.
     */
    Tensor linearActivationBackward(Activation f, Tensor dy, FrozenLinear w, Tensor inner);

    /**
     * c = alpha·op(a)·op(b) + beta·c, op being the transpose where asked for. Operands may be row or column views. With
     * beta = 0 the previous content of c is not read.
     */
    void matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c);
}
