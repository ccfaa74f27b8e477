package org.erat.compute;

import org.erat.data.architecture.Activation;

/** What is done to each element by itself. */
public interface Pointwise {
    /** Sets every element to {@code value}. */
    void fill(Tensor tensor, double value);

    /** A dense copy of a matrix, which may be a view, in its own dtype. */
    Tensor copy(Tensor x);

    /** into = x, element by element, same shape, converted to the dtype of {@code into}; both may be views. */
    void assign(Tensor x, Tensor into);

    /** into += x, element by element, same shape; both may be views. */
    void add(Tensor x, Tensor into);

    /** into −= x, element by element, same shape; both may be views. */
    void subtract(Tensor x, Tensor into);

    /** x·y, element by element, same shape and dtype; both may be views. Of gated feed-forward parts. */
    Tensor multiply(Tensor x, Tensor y);

    /** y = f(x), x [N,F]. */
    Tensor activation(Activation f, Tensor x);

    /** dx = dy · f′(x). */
    Tensor activationBackward(Activation f, Tensor dy, Tensor x);

    /**
     * y = x·mask/(1−rate) with a mask that is a pure function of (key, element index): applying it again with the same
     * key to dy gives the backward pass. The mask is the same on every implementation.
     *
     * @param first index of the first element of {@code x}, an even number: 0, unless {@code x} is a part of what the mask is
     *     for
     */
    Tensor dropout(Tensor x, double rate, long key, long first);

    /** u[b·T+t, i] *= factors[b·R+i] for u [N,R]: factors of R columns by example, or [R] for all examples alike. */
    void scaleColumns(Tensor u, float[] factors, int tokens);
}
