package org.erat.compute;

import javax.annotation.Nullable;

/** Normalization of rows. Weight and bias are frozen vectors [H]. */
public interface Norms {
    /**
     * What a forward pass keeps for its backward pass. Owns nothing.
     *
     * @param input [N,H]
     * @param mean [N]; null of {@link #rmsNorm}
     * @param rstd [N]
     */
    record NormState(Tensor input, @Nullable Tensor mean, Tensor rstd) {}

    /**
     * y = (x−μ)·rstd·weight + bias over each row of x [N,H], rstd = 1/√(variance + epsilon).
     *
     * @param mean [N] of {@link Memory#allocateSingle}, receives μ
     * @param rstd [N] of {@link Memory#allocateSingle}, receives the reciprocal standard deviation
     */
    Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor mean, Tensor rstd);

    /** dx [N,H] of {@link #layerNorm}. */
    Tensor layerNormBackward(Tensor dy, Tensor weight, Tensor bias, double epsilon, NormState saved);

    /**
     * y = x·rstd·weight over each row of x [N,H], rstd = 1/√(mean of x² + epsilon) (Zhang and Sennrich, arXiv 1910.07467,
     * equation 4).
     *
     * @param rstd [N] of {@link Memory#allocateSingle}, receives the reciprocal root mean square
     */
    Tensor rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor rstd);

    /** dx [N,H] of {@link #rmsNorm}. */
    Tensor rmsNormBackward(Tensor dy, Tensor weight, NormState saved);
}
