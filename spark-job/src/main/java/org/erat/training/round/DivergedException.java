package org.erat.training.round;

import org.erat.data.EratException;
import org.erat.training.Divergence;
import org.erat.training.RoundTotals;

/** Training gave a number that is not finite: exit code 4. The round is not applied. */
public final class DivergedException extends EratException {
    private final transient Divergence divergence;

    public DivergedException(Divergence divergence) {
        super(
                4,
                describe(divergence)
                        + "; lower training.learning-rate or training.clip-norm, or let the run do it"
                        + " with training.rollbacks",
                null);
        this.divergence = divergence;
    }

    public Divergence divergence() {
        return divergence;
    }

    /** What happened, without advice. */
    public String what() {
        return describe(divergence);
    }

    private static String describe(Divergence divergence) {
        return divergence.what() + " at local step " + divergence.step() + " of shard " + divergence.shard()
                + ": training diverged, and round " + (divergence.round() + 1) + " is not applied";
    }

    /** Throws what came first in a round, if something did. */
    static void throwFirst(RoundTotals totals) {
        if (totals.divergence() != null) {
            throw new DivergedException(totals.divergence());
        }
    }
}
