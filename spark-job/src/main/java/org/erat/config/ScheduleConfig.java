package org.erat.config;

import java.io.Serializable;

/**
 * The rank-range schedule: what the windows of a step are drawn from. LoRA and DyLoRA are settings of it.
 *
 * @param rank R, the largest rank, 1 or more
 * @param minRank r_min, the lowest width of a window, 1..R
 * @param g0 g0, u at the start of training and in the middle of the depth, 0..1
 * @param depthSlope ω, how much u differs between the first and the last block, 0..2; its sign is {@code overDepth}
 * @param prefixShare π, chance that a window starts at row 0, 0..1; without effect on {@link Law#ALL_INTERVALS}
 * @param wholeShare ρ, chance that all blocks take all rows, 0..1
 * @param law how a window is drawn from its range
 * @param overTime direction of the range over training time
 * @param overDepth direction of the range over the blocks
 * @param coupling whether blocks draw independently
 * @param scale factor of the adapter's output
 * @param update which rows of a window learn
 * @param gradient how the gradient of a window is weighted
 * @param shared whether all workers draw the same windows
 * @param granularity one window for each block and step, or for each block and example
 * @param alpha α of the scale
 */
public record ScheduleConfig(
        int rank,
        int minRank,
        double g0,
        double depthSlope,
        double prefixShare,
        double wholeShare,
        Law law,
        OverTime overTime,
        OverDepth overDepth,
        Coupling coupling,
        Scale scale,
        Update update,
        Gradient gradient,
        boolean shared,
        Granularity granularity,
        double alpha)
        implements Serializable {

    public ScheduleConfig {
        if (minRank < 1 || minRank > rank) {
            throw new IllegalArgumentException("Lowest rank " + minRank + " is not in 1.." + rank);
        }
        if (!(prefixShare >= 0 && prefixShare <= 1)) {
            throw new IllegalArgumentException("Chance " + prefixShare + " of a prefix is not in 0..1");
        }
        if (!(wholeShare >= 0 && wholeShare <= 1)) {
            throw new IllegalArgumentException("Chance " + wholeShare + " of all rows is not in 0..1");
        }
        if (!(g0 >= 0 && g0 <= 1) || !(depthSlope >= 0 && depthSlope <= 2)) {
            throw new IllegalArgumentException("g0 " + g0 + " is not in 0..1 or ω " + depthSlope + " not in 0..2");
        }
    }

    public enum Law {
        /** Width uniform in the range; start 0 with probability π, else uniform. */
        PREFIX_MIXTURE,
        /** All intervals whose width is in the range equally likely. */
        ALL_INTERVALS
    }

    public enum OverTime {
        GROW,
        SHRINK,
        CONSTANT
    }

    public enum OverDepth {
        DEEPER_HIGHER,
        SHALLOWER_HIGHER,
        FLAT
    }

    public enum Coupling {
        INDEPENDENT,
        /** One uniform number for all blocks, mapped through each block's range. */
        SHARED_UNIFORM
    }

    public enum Gradient {
        /** As it is: with a scale of α/w rows of a narrow window have a larger one. */
        AS_IS,
        /** Times scale(R)/scale(w), w/R for a scale of α/w: all windows weigh alike. */
        EQUAL
    }

    public enum Scale {
        /** α/w. */
        ALPHA_OVER_WIDTH,
        /** α/R. */
        ALPHA_OVER_RANK,
        /** α/√w. */
        ALPHA_OVER_SQRT_WIDTH
    }

    public enum Update {
        WINDOW,
        /** Only row e−1 learns (DyLoRA's FROZEN). */
        LAST_ROW
    }

    public enum Granularity {
        STEP,
        EXAMPLE
    }
}
