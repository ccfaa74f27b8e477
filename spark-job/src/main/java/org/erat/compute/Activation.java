package org.erat.compute;

/** Element-wise non-linearity of the feed-forward part of a block. */
public enum Activation {
    /** x·Φ(x), with the error function. */
    GELU,
    /** The tanh approximation of GELU ({@code gelu_new}). */
    GELU_TANH,
    /** max(x, 0). */
    RELU,
    /** tanh(x), of heads. */
    TANH
}
