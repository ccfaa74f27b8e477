package org.erat.dl4j;

import java.util.Arrays;
import org.apache.spark.api.java.JavaRDD;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.head.HeadSpec;
import org.erat.training.round.SkippingIterator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Mini-batches in the form that Deeplearning4j carries. Features are one array of ints [B,1+3T]: of each example its length,
 * T token ids, T token types, and T flags of the tokens that have a target of their own. Labels are classes [B,1], classes of
 * tokens [B,T], numbers [B,1], or the words of label sets.
 */
public final class BatchArrays {
    private BatchArrays() {}

    /** A mini-batch with its targets. */
    public static MultiDataSet of(Batch batch) {
        return new MultiDataSet(new INDArray[] {features(batch)}, new INDArray[] {labels(batch)});
    }

    /** Mini-batches made as they are read; those that are skipped are not. */
    public static JavaRDD<org.nd4j.linalg.dataset.api.MultiDataSet> of(JavaRDD<Batch> batches) {
        return batches.mapPartitions(ofPartition -> SkippingIterator.map(ofPartition, BatchArrays::of), true);
    }

    private static INDArray features(Batch batch) {
        int tokens = batch.tokens();
        int width = 1 + 3 * tokens;
        int[] features = new int[batch.size() * width];
        for (int b = 0; b < batch.size(); b++) {
            int at = b * width;
            features[at] = batch.lengths()[b];
            System.arraycopy(batch.tokenIds(), b * tokens, features, at + 1, tokens);
            System.arraycopy(batch.typeIds(), b * tokens, features, at + 1 + tokens, tokens);
        }
        for (int row : batch.targets().tokens()) {
            features[row / tokens * width + 1 + 2 * tokens + row % tokens] = 1;
        }
        return Nd4j.createFromArray(features).reshape('c', batch.size(), width);
    }

    private static INDArray labels(Batch batch) {
        int rows = batch.size();
        if (batch.targets() instanceof Targets.Numbers numbers) {
            return Nd4j.createFromArray(numbers.numbers()).reshape('c', rows, 1);
        }
        if (batch.targets() instanceof Targets.LabelSets sets) {
            return Nd4j.createFromArray(sets.bits()).reshape('c', rows, Targets.LabelSets.WORDS);
        }
        int[] classes = batch.targets() instanceof Targets.TokenClasses tokens
                ? tokens.classes()
                : ((Targets.Classes) batch.targets()).classes();
        return Nd4j.createFromArray(classes).reshape('c', rows, classes.length / rows);
    }

    /** The mini-batch of these features, without targets. */
    static Batch batch(INDArray features) {
        int size = (int) features.size(0);
        int width = (int) features.size(1);
        int tokens = (width - 1) / 3;
        int[] all = ints(features);
        int[] tokenIds = new int[size * tokens];
        int[] typeIds = new int[size * tokens];
        int[] lengths = new int[size];
        int[] targetTokens = new int[size * tokens];
        int targets = 0;
        for (int b = 0; b < size; b++) {
            int at = b * width;
            lengths[b] = all[at];
            System.arraycopy(all, at + 1, tokenIds, b * tokens, tokens);
            System.arraycopy(all, at + 1 + tokens, typeIds, b * tokens, tokens);
            for (int t = 0; t < tokens; t++) {
                if (all[at + 1 + 2 * tokens + t] != 0) {
                    targetTokens[targets++] = b * tokens + t;
                }
            }
        }
        return new Batch(
                tokenIds, typeIds, lengths, new long[size], new Targets.Unknown(Arrays.copyOf(targetTokens, targets)));
    }

    /** The targets of these labels for a head. */
    static Targets targets(INDArray labels, HeadSpec head) {
        if (head.loss() == HeadSpec.Loss.SQUARED_ERROR) {
            return new Targets.Numbers(labels.toFloatVector());
        }
        int[] classes = ints(labels);
        if (head.loss() == HeadSpec.Loss.BINARY_CROSS_ENTROPY) {
            return new Targets.LabelSets(classes);
        }
        return head.readout() == HeadSpec.Readout.TARGET_TOKENS
                ? new Targets.TokenClasses(classes)
                : new Targets.Classes(classes);
    }

    /** The mini-batch that {@link #of} was given, without the examples' numbers. */
    static Batch batch(org.nd4j.linalg.dataset.api.MultiDataSet data, HeadSpec head) {
        Batch features = batch(data.getFeatures(0));
        return new Batch(
                features.tokenIds(),
                features.typeIds(),
                features.lengths(),
                features.ids(),
                targets(data.getLabels(0), head));
    }

    private static int[] ints(INDArray array) {
        return (array.ordering() == 'c' && !array.isView() ? array : array.dup('c'))
                .data()
                .asInt();
    }
}
