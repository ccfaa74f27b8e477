package org.erat.data.tokenized;

import java.util.Arrays;
import org.erat.data.UsageException;

/** Packs examples one at a time; its arrays grow as needed. */
final class PackedExamplesBuilder {
    private long[] ids = new long[16];
    private int[] offsets = new int[17];
    private float[] labels = new float[16];
    private int[] tokens = new int[256];
    private byte[] types = new byte[256];
    private boolean typed;
    private int size;

    /**
     * Adds an example.
     *
     * @param tokenIds [T] its tokens, T &ge; 1
     * @param typeIds [T] their types, 0..127
     */
    PackedExamplesBuilder add(long id, int[] tokenIds, int[] typeIds, float label) {
        int length = tokenIds.length;
        if (length == 0 || typeIds.length != length) {
            throw new IllegalArgumentException(
                    String.format("Example %d has %d tokens and %d token types", id, length, typeIds.length));
        }
        int start = offsets[size];
        if (start > Integer.MAX_VALUE - 8 - length) {
            throw new UsageException("A shard has more tokens than fit into memory: raise training.shards");
        }
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, grown(size, size + 1));
            labels = Arrays.copyOf(labels, ids.length);
            offsets = Arrays.copyOf(offsets, ids.length + 1);
        }
        int end = start + length;
        if (end > tokens.length) {
            tokens = Arrays.copyOf(tokens, grown(tokens.length, end));
            types = Arrays.copyOf(types, tokens.length);
        }
        System.arraycopy(tokenIds, 0, tokens, start, length);
        for (int t = 0; t < length; t++) {
            if (typeIds[t] < 0 || typeIds[t] > Byte.MAX_VALUE) {
                throw new IllegalArgumentException(String.format("Example %d: token type %d", id, typeIds[t]));
            }
            types[start + t] = (byte) typeIds[t];
            typed |= typeIds[t] != 0;
        }
        ids[size] = id;
        labels[size] = label;
        size++;
        offsets[size] = end;
        return this;
    }

    /** Number of examples added. */
    int size() {
        return size;
    }

    /** All examples added so far, in the order of their addition. */
    PackedExamples build() {
        int tokenCount = offsets[size];
        return new PackedExamples(
                Arrays.copyOf(ids, size),
                Arrays.copyOf(offsets, size + 1),
                Arrays.copyOf(tokens, tokenCount),
                typed ? Arrays.copyOf(types, tokenCount) : null,
                Arrays.copyOf(labels, size));
    }

    private static int grown(int capacity, int needed) {
        return (int) Math.min(Integer.MAX_VALUE - 8, Math.max(needed, capacity + (long) (capacity >> 1)));
    }
}
