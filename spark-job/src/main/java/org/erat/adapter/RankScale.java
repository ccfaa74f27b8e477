package org.erat.adapter;

import java.io.Serializable;
import org.erat.config.ScheduleConfig.Scale;

/**
 * Factor of an adapter's output by the number of rows in use.
 *
 * @param rule how it depends on that number
 * @param alpha α
 * @param rank R, the largest rank
 */
public record RankScale(Scale rule, double alpha, int rank) implements Serializable {
    /** Far above any adapter, and low enough for its values to be counted. */
    private static final int MOST = 1 << 20;

    public RankScale {
        if (rank < 1 || rank > MOST) {
            throw new IllegalArgumentException("Rank " + rank + " is not in 1.." + MOST);
        }
    }

    /**
     * The factor for so many rows.
     *
     * @param width w, 1..R
     */
    public double of(int width) {
        if (width < 1 || width > rank) {
            throw new IllegalArgumentException("Width " + width + " is not in 1.." + rank);
        }
        return switch (rule) {
            case ALPHA_OVER_WIDTH -> alpha / width;
            case ALPHA_OVER_RANK -> alpha / rank;
            case ALPHA_OVER_SQRT_WIDTH -> alpha / Math.sqrt(width);
        };
    }
}
