package org.erat.data.text;

import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.erat.data.tokenized.Split;

/** Splits rows by a {@link ValidationShare}, and counts what other shares would have left to each split. */
final class CountedShare {
    /** Shares to propose, the smallest first. */
    private static final double[] PROPOSED = {0.05, 0.1, 0.2, 0.3, 0.5};

    /** Rows that a split needs to be more than a single example. */
    private static final long FEWEST = 2;

    private final ValidationShare share;
    private final long[] validation = new long[PROPOSED.length];
    private long rows;

    CountedShare(ValidationShare share) {
        this.share = share;
    }

    /** The split of {@code row}. */
    Split of(TextRow row) {
        double position = share.position(row);
        rows++;
        for (int i = 0; i < PROPOSED.length; i++) {
            validation[i] += position < PROPOSED[i] ? 1 : 0;
        }
        return share.of(row);
    }

    /** A share that leaves some of the rows so far to each split; empty if none is known. */
    OptionalDouble usable() {
        return IntStream.range(0, PROPOSED.length)
                .filter(i -> validation[i] >= FEWEST && rows - validation[i] >= FEWEST)
                .mapToDouble(i -> PROPOSED[i])
                .findFirst();
    }
}
