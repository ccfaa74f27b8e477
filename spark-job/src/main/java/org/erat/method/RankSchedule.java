package org.erat.method;

import java.io.Serializable;
import java.util.Arrays;
import org.erat.adapter.RankScale;
import org.erat.adapter.Window;
import org.erat.config.ScheduleConfig;
import org.erat.config.ScheduleConfig.Granularity;

/**
 * The windows of a training run: for each step and block a range of widths, and from it a window of rows. This is the
 * time- and layer-aware dynamic rank and the two-sided truncation of ERAT-DLoRA (Neurocomputing 2025, doi
 * 10.1016/j.neucom.2024.128778), read from its abstract, with the choices that the abstract leaves open as settings.
 *
 * <p>With R the largest rank, τ = step/T the progress and λ = block/(L−1) the depth:
 *
 * <pre>
 *   u(τ,λ) = clip( g(τ) + ω'(λ − ½), 0, 1 )      g(τ) = g0 + (1 + |ω'|/2 − g0)·τ
 *   lo = r_min,   hi = r_min + round_half_up( (R − r_min)·u )
 * </pre>
 *
 * where ω' is ω (deeper blocks get higher ranges), −ω (shallower ones do) or 0 (all the same). The term |ω'|/2 makes the
 * block with the lowest range reach R exactly at the end of training, whichever end of the model that block is at; the
 * others reach it earlier and stay there. A range that shrinks is the one that grows, run backwards in time; a constant
 * one stays at g0.
 *
 * <p>With chance ρ all blocks take all rows at once instead, whatever their ranges.
 *
 * <p>LoRA is r_min = R. DyLoRA (arXiv 2210.07558) is r_min = 1, g0 = 1, constant, flat, π = 1 and one uniform number for
 * all blocks; its FROZEN mode is {@link ScheduleConfig.Update#LAST_ROW}.
 *
 * <p>Immutable and a pure function of its arguments: driver and workers build it from the same values and get the same
 * windows.
 */
public final class RankSchedule implements Serializable {
    /** Sets the keys of windows apart from those of other random numbers with the same seed, such as dropout. */
    private static final long WINDOW_KEYS = 0x77696e646f77L;
    /** Stands in a key for a position that the draw does not depend on; no real position is negative. */
    private static final long ANY = -1;

    private static final long WIDTH = 0;
    private static final long PREFIX = 1;
    private static final long START = 2;
    private static final long WHOLE = 3;

    private final ScheduleConfig config;
    private final int blocks;
    private final long totalSteps;
    private final long seed;

    /**
     * @param config settings of the schedule
     * @param blocks L, number of blocks of the model, 1 or more
     * @param totalSteps T, local steps of one worker over the whole run, 1 or more
     * @param seed any value
     */
    public RankSchedule(ScheduleConfig config, int blocks, long totalSteps, long seed) {
        if (blocks < 1 || totalSteps < 1) {
            throw new IllegalArgumentException(
                    "A schedule needs at least 1 block and 1 step, not " + blocks + " and " + totalSteps);
        }
        this.config = config;
        this.blocks = blocks;
        this.totalSteps = totalSteps;
        this.seed = seed;
    }

    /** R, the largest rank. */
    public int rank() {
        return config.rank();
    }

    /** L, the number of blocks. */
    public int blocks() {
        return blocks;
    }

    /** T, the number of steps over which the ranges move. */
    public long totalSteps() {
        return totalSteps;
    }

    /**
     * The widths that a window of this block may have at this step.
     *
     * @param step 0 or more; from T on the range stays as it is at τ = 1
     * @param block 0..L−1
     */
    RankRange range(long step, int block) {
        check(step, block);
        double progress = Math.min(1.0, (double) step / totalSteps);
        // A model of one block is neither shallow nor deep.
        double depth = blocks == 1 ? 0.5 : (double) block / (blocks - 1);
        double slope = depthSlope();
        double u = Math.max(0.0, Math.min(1.0, level(progress, slope) + slope * (depth - 0.5)));
        // Math.round rounds halves up.
        int hi = config.minRank() + (int) Math.round((config.rank() - config.minRank()) * u);
        return new RankRange(config.minRank(), hi);
    }

    /**
     * The window of a block at a step, when windows are drawn for each step.
     *
     * @param step 0 or more
     * @param block 0..L−1
     * @param worker number of the shard, 0 or more; without effect where all workers share their windows
     * @throws IllegalStateException if windows are drawn for each example
     */
    public Window window(long step, int block, int worker) {
        if (config.granularity() == Granularity.EXAMPLE) {
            throw new IllegalStateException("Windows are drawn for each example: ask for the window of one");
        }
        return draw(step, block, worker, ANY);
    }

    /**
     * The window of a block for one example of a mini-batch. When windows are drawn for each step all examples of a step
     * get the same one.
     *
     * @param step 0 or more
     * @param block 0..L−1
     * @param worker number of the shard, 0 or more; without effect where all workers share their windows
     * @param example place of the example in the mini-batch, 0 or more
     */
    public Window window(long step, int block, int worker, int example) {
        if (example < 0) {
            throw new IllegalArgumentException("Example " + example + " is below 0");
        }
        return draw(step, block, worker, config.granularity() == Granularity.EXAMPLE ? example : ANY);
    }

    /**
     * Factor of the adapter's output for a window of this width.
     *
     * @param width w, 1..R
     */
    public double scale(int width) {
        return new RankScale(config.scale(), config.alpha(), config.rank()).of(width);
    }

    /** Factor of the gradient of a training step with a window of this width. */
    double gradientWeight(int width) {
        return switch (config.gradient()) {
            case AS_IS -> 1;
            case EQUAL -> scale(config.rank()) / scale(width);
        };
    }

    /** Whether a row of A, and the same column of B, learns in a step with this window. */
    public boolean learns(Window window, int row) {
        return switch (config.update()) {
            case WINDOW -> window.start() <= row && row < window.end();
            case LAST_ROW -> row == window.end() - 1;
        };
    }

    /**
     * The chance that each row is inside the window of this block at this step, in closed form. (With
     * {@link ScheduleConfig.Update#LAST_ROW} fewer rows learn than are inside.)
     *
     * @return R numbers in 0..1
     */
    public double[] activity(long step, int block) {
        RankRange range = range(step, block);
        int rank = config.rank();
        double[] activity = new double[rank];
        for (int width = range.lo(); width <= range.hi(); width++) {
            for (int row = 0; row < rank; row++) {
                double covering = startsCovering(row, width);
                int starts = rank - width + 1;
                activity[row] += switch (config.law()) {
                    case PREFIX_MIXTURE -> {
                        double prefix = row < width ? 1 : 0;
                        double share = config.prefixShare();
                        yield (share * prefix + (1 - share) * covering / starts) / range.size();
                    }
                    case ALL_INTERVALS -> covering / intervals(range);
                };
            }
        }
        double whole = config.wholeShare();
        Arrays.setAll(activity, row -> whole + (1 - whole) * activity[row]);
        return activity;
    }

    private double depthSlope() {
        return switch (config.overDepth()) {
            case DEEPER_HIGHER -> config.depthSlope();
            case SHALLOWER_HIGHER -> -config.depthSlope();
            case FLAT -> 0;
        };
    }

    /** g, the level of the range in the middle of the depth. */
    private double level(double progress, double slope) {
        double time =
                switch (config.overTime()) {
                    case GROW -> progress;
                    case SHRINK -> 1 - progress;
                    case CONSTANT -> 0;
                };
        return config.g0() + (1 + Math.abs(slope) / 2 - config.g0()) * time;
    }

    private Window draw(long step, int block, int worker, long example) {
        RankRange range = range(step, block);
        // The same for all blocks: what is used at the largest rank is all rows of all of them at once.
        long ofAllBlocks = key(step, ANY, worker, example);
        if (CounterRandom.uniform(CounterRandom.key(ofAllBlocks, WHOLE), 0) < config.wholeShare()) {
            return new Window(0, config.rank());
        }
        long key =
                key(step, config.coupling() == ScheduleConfig.Coupling.SHARED_UNIFORM ? ANY : block, worker, example);
        return switch (config.law()) {
            case PREFIX_MIXTURE -> prefixMixture(range, key);
            case ALL_INTERVALS -> anyInterval(range, key);
        };
    }

    private long key(long step, long block, int worker, long example) {
        if (worker < 0) {
            throw new IllegalArgumentException("Worker " + worker + " is below 0");
        }
        return CounterRandom.key(WINDOW_KEYS, seed, step, block, config.shared() ? ANY : worker, example);
    }

    private Window prefixMixture(RankRange range, long key) {
        int width = range.lo() + CounterRandom.below(CounterRandom.key(key, WIDTH), range.size());
        // uniform() is below 1, so a share of 1 always takes the prefix and a share of 0 never does.
        if (CounterRandom.uniform(CounterRandom.key(key, PREFIX), 0) < config.prefixShare()) {
            return new Window(0, width);
        }
        int start = CounterRandom.below(CounterRandom.key(key, START), config.rank() - width + 1);
        return new Window(start, start + width);
    }

    /** The intervals are counted by width, then by start: the number drawn says which one it is. */
    private Window anyInterval(RankRange range, long key) {
        int remaining = CounterRandom.below(CounterRandom.key(key, WIDTH), intervals(range));
        int width = range.lo();
        while (remaining >= config.rank() - width + 1) {
            remaining -= config.rank() - width + 1;
            width++;
        }
        return new Window(remaining, remaining + width);
    }

    /** Number of intervals of 0..R−1 whose width is in the range. */
    private int intervals(RankRange range) {
        int intervals = 0;
        for (int width = range.lo(); width <= range.hi(); width++) {
            intervals += config.rank() - width + 1;
        }
        return intervals;
    }

    /** Number of starts in 0..R−w for which a window of width w holds the row. */
    private int startsCovering(int row, int width) {
        return Math.min(row, config.rank() - width) - Math.max(0, row - width + 1) + 1;
    }

    private void check(long step, int block) {
        if (step < 0 || block < 0 || block >= blocks) {
            throw new IllegalArgumentException(
                    "Step " + step + " is below 0 or block " + block + " is not in 0.." + (blocks - 1));
        }
    }
}
