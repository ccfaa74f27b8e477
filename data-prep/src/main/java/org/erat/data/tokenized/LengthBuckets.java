package org.erat.data.tokenized;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.erat.data.SplitMix64;

/**
 * Mini-batches of examples of similar length, which need little padding. Pure functions: the same arguments give
 * the same batches in any process.
 */
public final class LengthBuckets {
    private LengthBuckets() {}

    /**
     * The mini-batches of one epoch in the order of training. Examples are sorted by length, ties in random order, cut
     * into batches, and the batches shuffled. Every example is in exactly one batch.
     *
     * @param lengths [n] tokens that a pass has of each example of a shard
     * @param batchSize number of examples of a batch, B
     * @param seed seed of the run
     * @param epoch number of the epoch, from 0
     * @param shardIndex number of the shard, from 0
     * @return ceil(n / B) batches of indices of examples; the one of the longest examples may be smaller than B
     */
    public static int[][] batches(int[] lengths, int batchSize, long seed, int epoch, int shardIndex) {
        SplitMix64 random = new SplitMix64(seed, epoch, shardIndex);
        long[] keys = new long[lengths.length];
        Arrays.setAll(keys, i -> random.next());
        Comparator<Integer> byLength = Comparator.comparingInt(i -> lengths[i]);
        int[][] batches = cut(sorted(lengths.length, byLength.thenComparingLong(i -> keys[i])), batchSize);
        for (int last = batches.length - 1; last > 0; last--) {
            int other = random.nextInt(last + 1);
            int[] batch = batches[last];
            batches[last] = batches[other];
            batches[other] = batch;
        }
        return batches;
    }

    /** Mini-batches in the order of length, then of position: for evaluation. The last may be smaller. */
    public static int[][] sequential(int[] lengths, int batchSize) {
        return cut(sorted(lengths.length, Comparator.comparingInt(i -> lengths[i])), batchSize);
    }

    /** Number of mini-batches of an epoch, ceil(n / B). */
    public static int batchCount(int examples, int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("A batch of " + batchSize + " examples");
        }
        return (int) (((long) examples + batchSize - 1) / batchSize);
    }

    /** Share of padding among the tokens of all padded batches: 0 where every batch is of one length, below 1 always. */
    public static double paddedShare(int[] lengths, int[][] batches) {
        long real = 0;
        long padded = 0;
        for (int[] batch : batches) {
            int longest = 0;
            for (int i : batch) {
                real += lengths[i];
                longest = Math.max(longest, lengths[i]);
            }
            padded += (long) longest * batch.length;
        }
        return padded == 0 ? 0 : 1 - (double) real / padded;
    }

    private static int[] sorted(int count, Comparator<Integer> order) {
        // A stable sort: what the order does not tell apart stays in the order of position.
        return IntStream.range(0, count)
                .boxed()
                .sorted(order)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static int[][] cut(int[] order, int batchSize) {
        int[][] batches = new int[batchCount(order.length, batchSize)][];
        for (int b = 0; b < batches.length; b++) {
            int from = b * batchSize;
            batches[b] = Arrays.copyOfRange(order, from, Math.min(from + batchSize, order.length));
        }
        return batches;
    }
}
