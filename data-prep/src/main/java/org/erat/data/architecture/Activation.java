package org.erat.data.architecture;

/** Pointwise non-linearity. */
public enum Activation {
    /** x·Φ(x), with the error function. */
    GELU,
    /** The tanh approximation of GELU ({@code gelu_new}). */
    GELU_TANH,
    /** max(x, 0). */
    RELU,
    /** tanh(x). */
    TANH,
    /** x·sigmoid(x). */
    SILU
}
