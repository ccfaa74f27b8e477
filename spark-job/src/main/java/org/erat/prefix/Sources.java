package org.erat.prefix;

import org.erat.data.tokenized.Batch;

/** Where the sources of plain examples end. */
final class Sources {
    private Sources() {}

    /** [B] number of tokens before the first predicted one, at least 1; the whole length where none is predicted. */
    static int[] lengths(Batch plain) {
        int[] lengths = plain.lengths().clone();
        int tokens = plain.tokens();
        int[] before = plain.targets().tokens();
        for (int i = before.length - 1; i >= 0; i--) {
            lengths[before[i] / tokens] = before[i] % tokens + 1;
        }
        return lengths;
    }
}
