package org.erat.data.tokenized;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The first token of every word of many examples, packed. Example i has the words
 * {@code starts[offsets[i]] .. starts[offsets[i + 1] - 1]}. Not a record, since Spark's Kryo cannot set a record's fields.
 */
final class WordStarts implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int[] offsets;
    private final int[] starts;

    /**
     * @param offsets [n+1] first word of each example, then the number of words
     * @param starts [offsets[n]] index of a word's first token in its example, or -1 for a word without tokens
     */
    WordStarts(int[] offsets, int[] starts) {
        this.offsets = offsets;
        this.starts = starts;
    }

    /** The words of example i. */
    int[] of(int i) {
        return Arrays.copyOfRange(starts, offsets[i], offsets[i + 1]);
    }
}
