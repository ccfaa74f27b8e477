package org.erat.compute;

/** Number format of the products with frozen weights; everything else is computed in single precision. */
public enum Precision {
    /** 32 bit operands. */
    F32,
    /** Weights and activations rounded to bfloat16, products accumulated in 32 bits. */
    BF16
}
