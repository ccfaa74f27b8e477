package org.erat.training;

import org.erat.data.EratException;

/** A loss that is not a number or infinite: exit code 4. The round is not applied. */
public final class DivergedException extends EratException {
    public DivergedException(int shard, int step, double loss) {
        super(
                4,
                "Loss " + loss + " at local step " + step + " of shard " + shard
                        + ": training diverged; lower training.learning-rate or training.clip-norm",
                null);
    }
}
