package org.erat.network;

import org.erat.data.tokenized.PaddedBatch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Mini-batches in the form that a graph of {@link EncoderGraph} takes. */
public final class BatchArrays {
    private BatchArrays() {}

    /**
     * Features [B,2,T] (token ids, token type ids) with mask [B,T]; labels [B,C] one-hot for classes, [B,1] for numbers.
     *
     * @param outputs C, or 1 for a regression
     */
    public static MultiDataSet of(PaddedBatch batch, int outputs, boolean regression) {
        int size = batch.lengths().length;
        int tokens = batch.tokenIds().length / size;
        float[] features = new float[2 * size * tokens];
        float[] mask = new float[size * tokens];
        for (int b = 0; b < size; b++) {
            for (int t = 0; t < tokens; t++) {
                features[2 * b * tokens + t] = batch.tokenIds()[b * tokens + t];
                features[(2 * b + 1) * tokens + t] = batch.typeIds()[b * tokens + t];
                mask[b * tokens + t] = t < batch.lengths()[b] ? 1 : 0;
            }
        }
        return new MultiDataSet(
                new INDArray[] {Nd4j.createFromArray(features).reshape('c', size, 2, tokens)},
                new INDArray[] {labels(batch.labels(), outputs, regression)},
                new INDArray[] {Nd4j.createFromArray(mask).reshape('c', size, tokens)},
                null);
    }

    private static INDArray labels(float[] labels, int outputs, boolean regression) {
        if (regression) {
            return Nd4j.createFromArray(labels).reshape('c', labels.length, 1);
        }
        float[] oneHot = new float[labels.length * outputs];
        for (int b = 0; b < labels.length; b++) {
            oneHot[b * outputs + (int) labels[b]] = 1;
        }
        return Nd4j.createFromArray(oneHot).reshape('c', labels.length, outputs);
    }
}
