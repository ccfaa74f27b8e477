package org.erat.compute;

/** What a head's outputs cost. */
public enum Loss {
    /** −Σ target·log softmax(output) over the classes of an example. */
    CROSS_ENTROPY,
    /** Mean over an example's outputs of (output − target)². */
    SQUARED_ERROR
}
