package org.erat.compute;

/** Losses of M rows and the gradients of their weighted sum. All tensors are in {@link Memory#single}. */
public interface Losses {
    /**
     * −log softmax(logits)[class] of each row.
     *
     * @param logits [M,C]
     * @param classes [M] in 0..C−1
     * @param weight factor of the gradient: 1/M makes it that of the mean
     * @param losses [M], receives the loss of each row, without the weight
     * @return [M,C], the gradient with respect to {@code logits}
     */
    Tensor crossEntropy(Tensor logits, int[] classes, double weight, Tensor losses);

    /**
     * (output − target)² of each row.
     *
     * @param outputs [M,1]
     * @param targets [M]
     * @param weight factor of the gradient: 1/M makes it that of the mean
     * @param losses [M], receives the loss of each row, without the weight
     * @return [M,1], the gradient with respect to {@code outputs}
     */
    Tensor squaredError(Tensor outputs, float[] targets, double weight, Tensor losses);
}
