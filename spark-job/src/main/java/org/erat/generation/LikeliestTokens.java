package org.erat.generation;

import java.util.Arrays;

/** The tokens with the highest logits, in descending order; of equals the one with the lower id comes first. */
final class LikeliestTokens {
    /** Up to here it is faster to keep a short list than to sort all tokens. */
    private static final int SHORT = 64;

    private LikeliestTokens() {}

    /** The first min(count, V) of them. */
    static int[] of(float[] logits, int count) {
        return count <= SHORT ? few(logits, Math.min(count, logits.length)) : sorted(logits, count);
    }

    private static int[] few(float[] logits, int count) {
        int[] best = new int[count];
        int size = 0;
        for (int token = 0; token < logits.length; token++) {
            if (size == count && !(logits[token] > logits[best[size - 1]])) {
                continue;
            }
            int at = size < count ? size++ : size - 1;
            while (at > 0 && logits[token] > logits[best[at - 1]]) {
                best[at] = best[at - 1];
                at--;
            }
            best[at] = token;
        }
        return best;
    }

    private static int[] sorted(float[] logits, int count) {
        long[] keys = new long[logits.length];
        for (int token = 0; token < keys.length; token++) {
            keys[token] = (long) descending(logits[token]) << Integer.SIZE | token;
        }
        Arrays.sort(keys);
        return Arrays.stream(keys, 0, Math.min(count, keys.length))
                .mapToInt(key -> (int) key)
                .toArray();
    }

    /** A number that is the smaller the larger x is. */
    private static int descending(float x) {
        // Both zeros are equal.
        int bits = Float.floatToIntBits(x + 0f);
        return bits < 0 ? bits ^ Integer.MIN_VALUE : ~bits;
    }
}
