package org.erat.inference;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.erat.adapter.RowMoments;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.prefix.PassInputs;

/**
 * Runs an adapter over the examples of one shard, at several selections of its rows. Sent to executors.
 *
 * @param sent what executors get once
 */
public record ShardInference(Broadcast<Sent> sent) implements Serializable, AutoCloseable {
    /**
     * Batches of one shard. Shards follow from the number of examples alone, so that each example is in the same batch,
     * with the same padding and to the last bit the same outputs, on any cluster; few, so that all cores have work; and
     * enough for batches of like length.
     */
    private static final int BATCHES = 4;

    /** More shards are more tasks, and pieces of them to shuffle, than Spark's driver handles well; they grow instead. */
    private static final int MOST_SHARDS = 4096;

    /** Takes the outputs of an example. */
    @FunctionalInterface
    public interface Outputs {
        /**
         * Takes those at one selection.
         *
         * @param selection its index
         * @param example index into the shard
         * @param outputs [M,C] row-major logits or numbers: M = 1, or one row for each word that has tokens
         */
        void accept(int selection, int example, float[] outputs);
    }

    /**
     * What executors get once.
     *
     * @param use the adapter
     * @param selections of its rows, one after the other; their adapter is that of {@code use}, in any order of its rows
     */
    record Sent(AdapterUse use, List<Selection> selections) implements Serializable {
        Sent {
            selections = List.copyOf(selections);
        }
    }

    /** Sends an adapter to the executors, with what is selected of it in whatever order of its rows. */
    public static ShardInference of(SparkSession spark, AdapterUse use, List<Selection> selections) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        return new ShardInference(context.broadcast(new Sent(use, selections)));
    }

    private AdapterUse use() {
        return sent.value().use();
    }

    /** The adapter. */
    public TrainedAdapter adapter() {
        return use().adapter();
    }

    /** The number of selections. */
    public int selections() {
        return sent.value().selections().size();
    }

    /**
     * The examples in shards.
     *
     * @throws BadInputException if there are none
     */
    public JavaRDD<PackedExamples> shards(TokenizedDataset data, Split split, int limit) {
        return shards(data, split, limit, use().batchSize());
    }

    /**
     * The same for any adapter, which a caller may keep for several of them.
     *
     * @param batchSize examples of one mini-batch
     * @throws BadInputException if there are none
     */
    public static JavaRDD<PackedExamples> shards(TokenizedDataset data, Split split, int limit, int batchSize) {
        return data.shards(split, shardCount(data, split, limit, batchSize), limit);
    }

    /**
     * All examples in the same shards, with their words where they have some.
     *
     * @throws BadInputException if there are none
     */
    JavaRDD<PackedExamples> shardsWithWords(TokenizedDataset data, Split split) {
        return data.shardsWithWords(split, shardCount(data, split, 0, use().batchSize()));
    }

    private static int shardCount(TokenizedDataset data, Split split, int limit, int batchSize) {
        long examples = data.examples(split, limit);
        if (examples == 0) {
            throw new BadInputException(
                    data.directory() + "/" + split + " has no examples. Prepare data with some for " + split + ".");
        }
        int batches = LengthBuckets.batchCount(Math.toIntExact(examples), BATCHES * batchSize);
        return Math.min(batches, MOST_SHARDS);
    }

    /** Runs each mini-batch of a shard at all selections. */
    public void run(PackedExamples shard, Outputs sink) {
        forEachBatch(
                shard,
                (predictor, examples) -> predictor.run(
                        batch(shard, examples),
                        (selection, outputs) -> split(
                                selection, outputs, examples, example -> rows(shard, example) * outputs(), sink)));
    }

    /**
     * The same for the losses of the targets.
     *
     * @param sink takes [M] losses of an example: one for each of its targets
     */
    public void losses(PackedExamples shard, Outputs sink) {
        forEachBatch(
                shard,
                (predictor, examples) -> predictor.losses(
                        Batch.of(shard, examples, adapter().architecture().padTokenId()),
                        (selection, losses) -> split(
                                selection,
                                losses,
                                examples,
                                example -> shard.target(example).count(),
                                sink)));
    }

    private void forEachBatch(PackedExamples shard, BiConsumer<Predictor, int[]> action) {
        AdapterUse use = use();
        try (Predictor predictor =
                new Predictor(use.modelUri(), use.compute(), sent.value().selections())) {
            for (int[] examples :
                    LengthBuckets.sequential(PassInputs.lengths(adapter().head(), shard), use.batchSize())) {
                action.accept(predictor, examples);
            }
        }
    }

    /** @param lengths values of each example */
    private static void split(int selection, float[] values, int[] examples, IntUnaryOperator lengths, Outputs sink) {
        int from = 0;
        for (int example : examples) {
            int to = from + lengths.applyAsInt(example);
            sink.accept(selection, example, Arrays.copyOfRange(values, from, to));
            from = to;
        }
    }

    /** Sums the second moments of the inner activations of a shard's tokens, at the first selection. */
    RowMoments.Sums moments(PackedExamples shard) {
        RowMoments.Sums sums = new RowMoments.Sums(adapter().layout());
        forEachBatch(
                shard,
                (predictor, examples) -> predictor.showInner(
                        batch(shard, examples), (slot, inner, lengths) -> sums.add(slot.index(), inner, lengths)));
        return sums;
    }

    /** Of words the outputs are asked for, with or without a label. */
    private Batch batch(PackedExamples shard, int... examples) {
        Batch batch = Batch.of(shard, examples, adapter().architecture().padTokenId());
        if (!shard.type().hasWords()) {
            return batch;
        }
        int[] firstTokens = IntStream.range(0, examples.length)
                .flatMap(b -> words(shard, examples[b]).map(start -> b * batch.tokens() + start))
                .toArray();
        return new Batch(
                batch.tokenIds(), batch.typeIds(), batch.lengths(), batch.ids(), new Targets.Unknown(firstTokens));
    }

    private static int rows(PackedExamples shard, int example) {
        return shard.type().hasWords() ? (int) words(shard, example).count() : 1;
    }

    /** First tokens of the words that have tokens. */
    private static IntStream words(PackedExamples shard, int example) {
        return IntStream.of(shard.wordStarts(example)).filter(start -> start >= 0);
    }

    /** Of each row of [M,C] outputs the class with the highest logit, the first of equals. */
    public int[] classes(float... outputs) {
        return IntStream.range(0, outputs.length / outputs())
                .map(row -> highest(outputs, row * outputs()))
                .toArray();
    }

    /** The probability of each label of an example, by its logits. */
    static float[] probabilities(float... logits) {
        float[] probabilities = new float[logits.length];
        for (int c = 0; c < logits.length; c++) {
            probabilities[c] = (float) (1 / (1 + StrictMath.exp(-logits[c])));
        }
        return probabilities;
    }

    /** The labels that are predicted of an example with these logits, ascending. */
    public int[] labels(float... logits) {
        float[] probabilities = probabilities(logits);
        double threshold = use().threshold();
        return IntStream.range(0, logits.length)
                .filter(c -> probabilities[c] >= threshold)
                .toArray();
    }

    private int highest(float[] outputs, int from) {
        int highest = 0;
        for (int c = 1; c < outputs(); c++) {
            if (outputs[from + c] > outputs[from + highest]) {
                highest = c;
            }
        }
        return highest;
    }

    /** C. */
    private int outputs() {
        return adapter().outputs();
    }

    /** Frees the adapter on the executors. Called on the driver, when no job uses it any more. */
    @Override
    public void close() {
        sent.destroy();
    }
}
