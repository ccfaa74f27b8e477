package org.erat.method;

import java.io.Serializable;

/**
 * The widths that a window may have.
 *
 * @param lo lowest width, 1 or more
 * @param hi highest width, {@code lo} or more
 */
record RankRange(int lo, int hi) implements Serializable {
    RankRange {
        if (lo < 1 || hi < lo) {
            throw new IllegalArgumentException("Rank range " + lo + ".." + hi + " is empty or starts below 1");
        }
    }

    /** Number of widths in the range. */
    int size() {
        return hi - lo + 1;
    }
}
