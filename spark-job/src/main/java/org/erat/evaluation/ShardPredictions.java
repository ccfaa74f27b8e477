package org.erat.evaluation;

import java.io.Serializable;
import java.util.stream.IntStream;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Targets;
import org.erat.inference.ShardInference;

/**
 * What a task returns of its shard. A target is an example, or a word that has tokens and a label. A value is a number, or
 * the index of a class, which a float holds exactly. Of a language model each example has one predicted value, the sum of
 * the losses of its target tokens, and as its label their number. Of an example with any number of labels the values are the
 * indices of its labels and of those that are predicted, which may be more or fewer.
 *
 * @param ids [n] of the examples
 * @param labels [n][targets] right value of each target of each example
 * @param predictions [selections][n][targets] predicted value of each
 */
record ShardPredictions(long[] ids, float[][] labels, float[][][] predictions) implements Serializable {
    /** Runs a shard. */
    static ShardPredictions of(PackedExamples shard, ShardInference inference) {
        return switch (shard.type()) {
            case LANGUAGE_MODELING -> ofLosses(shard, inference);
            case MULTI_LABEL_CLASSIFICATION -> ofLabelSets(shard, inference);
            case CLASSIFICATION, REGRESSION, TOKEN_CLASSIFICATION -> ofLabels(shard, inference);
        };
    }

    private static ShardPredictions ofLosses(PackedExamples shard, ShardInference inference) {
        int size = shard.size();
        long[] ids = new long[size];
        float[][] counts = new float[size][];
        for (int i = 0; i < size; i++) {
            ids[i] = shard.id(i);
            counts[i] = new float[] {shard.target(i).count()};
        }
        float[][][] sums = new float[inference.selections()][size][];
        inference.losses(shard, (selection, example, losses) -> sums[selection][example] = new float[] {sum(losses)});
        return new ShardPredictions(ids, counts, sums);
    }

    private static ShardPredictions ofLabelSets(PackedExamples shard, ShardInference inference) {
        int size = shard.size();
        long[] ids = new long[size];
        float[][] labels = new float[size][];
        for (int i = 0; i < size; i++) {
            ids[i] = shard.id(i);
            labels[i] = floats(((Targets.LabelSets) shard.target(i)).classes(0));
        }
        float[][][] predictions = new float[inference.selections()][size][];
        inference.run(
                shard,
                (selection, example, logits) -> predictions[selection][example] = floats(inference.labels(logits)));
        return new ShardPredictions(ids, labels, predictions);
    }

    private static float[] floats(int... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values[i];
        }
        return floats;
    }

    private static float sum(float... losses) {
        double sum = 0;
        for (float loss : losses) {
            sum += loss;
        }
        return (float) sum;
    }

    private static ShardPredictions ofLabels(PackedExamples shard, ShardInference inference) {
        int size = shard.size();
        long[] ids = new long[size];
        float[][] labels = new float[size][];
        for (int i = 0; i < size; i++) {
            ids[i] = shard.id(i);
            labels[i] = shard.target(i) instanceof Targets.Numbers numbers
                    ? numbers.numbers()
                    : ofKnown(classes(shard, i), classes(shard, i));
        }
        float[][][] predictions = new float[inference.selections()][size][];
        inference.run(
                shard,
                (selection, example, outputs) ->
                        predictions[selection][example] = shard.type().hasClasses()
                                ? ofKnown(inference.classes(outputs), classes(shard, example))
                                : outputs);
        return new ShardPredictions(ids, labels, predictions);
    }

    /** The class of an example, or of each of its words that have tokens, {@link Targets#NONE} where it is not known. */
    private static int[] classes(PackedExamples shard, int example) {
        if (shard.target(example) instanceof Targets.TokenClasses tokens) {
            return IntStream.of(shard.wordStarts(example))
                    .filter(start -> start >= 0)
                    .map(start -> tokens.classes()[start])
                    .toArray();
        }
        return ((Targets.Classes) shard.target(example)).classes();
    }

    /** The values where the class is known. */
    private static float[] ofKnown(int[] values, int... classes) {
        return floats(IntStream.range(0, classes.length)
                .filter(i -> classes[i] != Targets.NONE)
                .map(i -> values[i])
                .toArray());
    }
}
