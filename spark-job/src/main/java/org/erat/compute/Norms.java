package org.erat.compute;

/** Normalization of rows. Weight and bias are frozen vectors [H]. */
public interface Norms {
    /** What a forward pass keeps for {@link #layerNormBackward}: input [N,H], mean [N] and rstd [N]. Owns nothing. */
    record LayerNormState(Tensor input, Tensor mean, Tensor rstd) {}

    /**
     * y = (x−μ)·rstd·weight + bias over each row of x [N,H], rstd = 1/√(variance + epsilon).
     *
     * @param mean [N] of {@link Memory#allocateSingle}, receives μ
     * @param rstd [N] of {@link Memory#allocateSingle}, receives the reciprocal standard deviation
     */
    Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor mean, Tensor rstd);

    /** dx [N,H] of {@link #layerNorm}. */
    Tensor layerNormBackward(Tensor dy, Tensor weight, Tensor bias, double epsilon, LayerNormState saved);

    /** What a forward pass keeps for {@link #rmsNormBackward}: input [N,H] and rstd [N]. Owns nothing. */
    record RmsNormState(Tensor input, Tensor rstd) {}

    /**
     * y = x·rstd·weight over each row of x [N,H], rstd = 1/√(mean of x² + epsilon) (Zhang and Sennrich, arXiv 1910.07467,
     * equation 4).
     *
     * @param rstd [N] of {@link Memory#allocateSingle}, receives the reciprocal root mean square
     */
    Tensor rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor rstd);

    /** dx [N,H] of {@link #rmsNorm}. */
    Tensor rmsNormBackward(Tensor dy, Tensor weight, RmsNormState saved);
}
