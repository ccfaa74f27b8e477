package org.erat.config;

/**
 * Precision of frozen weights and activations, and of products. Adapters, head and statistics are f32, and all sums are
 * formed in f32, whatever the precision.
 */
public enum Precision {
    F32,
    /**
     * f32 whose operands are rounded to the 10 bits of mantissa of NVIDIA's TF32 in every product on a GPU; f32 on other
     * devices.
     */
    TF32,
    /** Weights, activations and their gradients rounded to bfloat16. */
    BF16,
    /** Double precision throughout, by the reference implementation on any device: for numerical checks. */
    F64
}
