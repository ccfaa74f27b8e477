package org.erat.compute;

import java.util.List;

/** The end of a training step. All tensors are dense vectors in {@link Memory#single}. */
public interface Update {
    /** Values of a step's summary. */
    int SUMMARY = 4;
    /** Where {@link #clip} writes the mean loss. */
    int LOSS = 0;
    /** Where {@link #clip} writes the L2 norm of the gradient, before it is clipped. */
    int NORM = 1;
    /** Where {@link #clip} writes 1 if the step may be applied, 0 if loss or gradient is not finite. */
    int FINITE = 2;
    /** Where {@link #adamW} writes 1 if a parameter would not be finite after the step; {@link #clip} writes 0. */
    int OVERFLOW = 3;

    /**
     * Summarizes a step and scales the gradient down in place where its norm is above {@code maxNorm}, to that norm. A
     * gradient is not scaled where it or the loss is not finite.
     *
     * @param losses [M]
     * @param gradient [n]
     * @param maxNorm L2; 0 for no clipping
     * @param summary [4], receives loss, norm, finite and overflow
     */
    void clip(Tensor losses, Tensor gradient, double maxNorm, Tensor summary);

    /**
     * Turns the gradient into the step of AdamW to subtract from the parameters, in place, and updates the moments:
     * learningRate·(m̂/(√v̂+ε) + weightDecay·parameter), each rounded once. Outside of the segments nothing is read or
     * written. Does nothing where {@code summary[FINITE]} is 0.
     *
     * @param segments updated ranges; they do not overlap
     * @param parameters [n], unchanged
     * @param gradient [n], receives the step
     * @param state first and second moments, where the segments say
     * @param summary [4]
     */
    void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Segment> segments,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary);
}
