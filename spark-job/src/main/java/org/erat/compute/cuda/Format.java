package org.erat.compute.cuda;

import org.erat.compute.Precision;

/** How an element lies in a device's memory. */
enum Format {
    F32,
    BF16;

    /** That of activations and frozen matrices at a precision: TF32 is how f32 operands are multiplied. */
    static Format of(Precision precision) {
        return precision == Precision.BF16 ? BF16 : F32;
    }
}
