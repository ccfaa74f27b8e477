package org.erat.data.tokenized;

import java.util.Arrays;

/**
 * One mini-batch of B examples padded at the right to T tokens, the length of the longest.
 *
 * @param tokenIds [B,T] row-major; padding after each example's length
 * @param typeIds [B,T] row-major; 0 in the padding
 * @param lengths [B] number of real tokens, 1..T
 * @param labels [B] class index or number
 * @param ids [B] ids of the examples
 */
public record PaddedBatch(int[] tokenIds, int[] typeIds, int[] lengths, float[] labels, long[] ids) {

    /** Number of examples B. */
    public int size() {
        return lengths.length;
    }

    /** Padded length T. */
    public int length() {
        return tokenIds.length / lengths.length;
    }

    /** Number of real tokens, at most B·T. */
    public long tokenCount() {
        long count = 0;
        for (int length : lengths) {
            count += length;
        }
        return count;
    }

    /**
     * The examples of {@code indices}, at least one, in that order.
     *
     * @param padTokenId what the padding is filled with
     */
    public static PaddedBatch of(PackedExamples examples, int[] indices, int padTokenId) {
        int size = indices.length;
        if (size == 0) {
            throw new IllegalArgumentException("A batch of no examples");
        }
        int[] lengths = new int[size];
        float[] labels = new float[size];
        long[] ids = new long[size];
        int longest = 0;
        for (int b = 0; b < size; b++) {
            lengths[b] = examples.length(indices[b]);
            labels[b] = examples.label(indices[b]);
            ids[b] = examples.id(indices[b]);
            longest = Math.max(longest, lengths[b]);
        }
        int[] tokenIds = new int[Math.multiplyExact(size, longest)];
        int[] typeIds = new int[tokenIds.length];
        for (int b = 0; b < size; b++) {
            int row = b * longest;
            examples.copyTokens(indices[b], tokenIds, row);
            Arrays.fill(tokenIds, row + lengths[b], row + longest, padTokenId);
            if (examples.hasTypes()) {
                for (int t = 0; t < lengths[b]; t++) {
                    typeIds[row + t] = examples.type(indices[b], t);
                }
            }
        }
        return new PaddedBatch(tokenIds, typeIds, lengths, labels, ids);
    }
}
