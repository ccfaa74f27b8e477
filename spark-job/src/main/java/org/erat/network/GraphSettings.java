package org.erat.network;

import org.nd4j.linalg.api.buffer.DataType;

/**
 * What a graph needs beside its encoder.
 *
 * @param outputs classes, or 1 for a regression
 * @param regression whether the output is a number (mean squared error) and not a class (cross-entropy)
 * @param optimizer how parameters move
 * @param learningRate learning rate by local step
 * @param beta1 AdamW's decay of the first moments
 * @param beta2 AdamW's decay of the second moments
 * @param epsilon AdamW's ε
 * @param weightDecay decoupled weight decay
 * @param dataType FLOAT, or DOUBLE for numerical checks
 */
public record GraphSettings(
        int outputs,
        boolean regression,
        Optimizer optimizer,
        WarmupDecay learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        DataType dataType) {

    /** How parameters move. */
    public enum Optimizer {
        /** AdamW that touches only rows that learned; the head's is dense. */
        ROW_LAZY_ADAMW,
        /** AdamW over all rows at every step, as in DyLoRA's published code. */
        DENSE_ADAMW,
        SGD,
        /** Leaves parameters alone: for gradient checks. */
        NONE
    }
}
