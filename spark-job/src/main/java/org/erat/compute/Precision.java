package org.erat.compute;

/**
 * Number format of frozen weights and activations, and what products make of it; adapters, head and statistics lie in
 * single precision, and all sums are taken in it.
 */
public enum Precision {
    /** 32 bit operands. */
    F32,
    /**
     * Like {@link #F32}, with the operands of every product on the device, whatever it belongs to, rounded to the 10 bits of
     * mantissa of NVIDIA's TF32. Only the CUDA implementation has it.
     */
    TF32,
    /** Weights, activations and their gradients rounded to bfloat16, sums taken in 32 bits. */
    BF16
}
