package org.erat.compute;

/**
 * Losses of M rows. What they are computed of receives the gradient of their weighted sum in its place, since logits of a
 * vocabulary are the largest tensor of a step. All tensors are in {@link Memory#single}.
 */
public interface Losses {
    /**
     * (1−ε)·(−log p[class]) + ε·mean over c of (−log p[c]) of each row, p = softmax(logits): the cross entropy, with label
     * smoothing (Szegedy et al., arXiv 1512.00567, section 7).
     *
     * @param logits [M,C], become the gradient with respect to them
     * @param classes [M] in 0..C−1
     * @param smoothing ε, in [0,1); 0 for none
     * @param weight factor of the gradient: 1/M makes it that of the mean
     * @param losses [M], receives the loss of each row, without the weight
     */
    void crossEntropy(Tensor logits, int[] classes, double smoothing, double weight, Tensor losses);

    /**
     * −y·log σ(x) − (1 − y)·log(1 − σ(x)) of each logit x with target y, the mean over the columns of each row: the binary
     * cross entropy of independent labels.
     *
     * @param logits [M,C], become the gradient with respect to them
     * @param targets [M,C] row-major, in [0,1]
     * @param weight factor of the gradient: 1/M makes it that of the mean
     * @param losses [M], receives the loss of each row, without the weight
     */
    void binaryCrossEntropy(Tensor logits, float[] targets, double weight, Tensor losses);

    /**
     * (output − target)² of each row.
     *
     * @param outputs [M,1], become the gradient with respect to them
     * @param targets [M]
     * @param weight factor of the gradient: 1/M makes it that of the mean
     * @param losses [M], receives the loss of each row, without the weight
     */
    void squaredError(Tensor outputs, float[] targets, double weight, Tensor losses);
}
