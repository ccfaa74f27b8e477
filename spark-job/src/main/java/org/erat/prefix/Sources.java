package org.erat.prefix;

import org.erat.data.tokenized.Batch;

/** Where the sources of plain examples end. */
final class Sources {
    private Sources() {}

    /** [B] index of the token before the first predicted one, the source's last; the whole length where none is predicted. */
    static int[] ends(Batch plain) {
        int[] ends = plain.lengths().clone();
        int tokens = plain.tokens();
        int[] before = plain.targets().tokens();
        for (int i = before.length - 1; i >= 0; i--) {
            ends[before[i] / tokens] = before[i] % tokens;
        }
        return ends;
    }
}
