package org.erat.compute;

/** Number format of frozen weights and activations; adapters, head, statistics and all sums are in single precision. */
public enum Precision {
    /** 32 bit operands. */
    F32,
    /** Weights, activations and their gradients rounded to bfloat16, sums taken in 32 bits. */
    BF16
}
