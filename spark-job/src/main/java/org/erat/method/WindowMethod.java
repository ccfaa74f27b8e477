package org.erat.method;

import java.util.Arrays;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.config.ScheduleConfig;

/**
 * One window of rows for each block and step, or for each block and example, drawn from a {@link RankSchedule}: LoRA,
 * DyLoRA and ERAT-DLoRA, which differ in the schedule's settings.
 */
public final class WindowMethod implements AdapterMethod {
    private static final long serialVersionUID = 1L;

    private final RankSchedule schedule;
    private final ScheduleConfig.Granularity granularity;

    public WindowMethod(RankSchedule schedule, ScheduleConfig.Granularity granularity) {
        this.schedule = schedule;
        this.granularity = granularity;
    }

    @Override
    public int rank() {
        return schedule.rank();
    }

    @Override
    public double scale(int width) {
        return schedule.scale(width);
    }

    @Override
    public StepPlan plan(long step, int shard, int examples) {
        RowSelection[] byBlock = new RowSelection[schedule.blocks()];
        for (int block = 0; block < byBlock.length; block++) {
            byBlock[block] = granularity == ScheduleConfig.Granularity.STEP
                    ? ofStep(step, block, shard)
                    : ofExamples(step, block, shard, examples);
        }
        return StepPlan.of(RowsBySlot.byBlock(byBlock));
    }

    private RowSelection ofStep(long step, int block, int shard) {
        Window window = schedule.window(step, block, shard);
        double scale = schedule.scale(window.width());
        float weight = (float) schedule.gradientWeight(window.width());
        return weight == 1
                ? new RowSelection(window, learned(window), scale, null, null)
                : new RowSelection(
                        window, learned(window), scale, constant(window.width(), 1), constant(window.width(), weight));
    }

    private static float[] constant(int length, float value) {
        float[] values = new float[length];
        Arrays.fill(values, value);
        return values;
    }

    /** All rows, with factors by example that are zero outside of its window. */
    private RowSelection ofExamples(long step, int block, int shard, int examples) {
        int rank = schedule.rank();
        float[] factors = new float[examples * rank];
        float[] learnedFactors = new float[examples * rank];
        for (int example = 0; example < examples; example++) {
            Window window = schedule.window(step, block, shard, example);
            float scale = (float) schedule.scale(window.width());
            float learned = (float) (schedule.scale(window.width()) * schedule.gradientWeight(window.width()));
            for (int row = window.start(); row < window.end(); row++) {
                factors[example * rank + row] = scale;
                learnedFactors[example * rank + row] = schedule.learns(window, row) ? learned : 0;
            }
        }
        Window all = new Window(0, rank);
        return new RowSelection(all, all, 1, factors, learnedFactors);
    }

    private Window learned(Window window) {
        int start = window.start();
        while (!schedule.learns(window, start)) {
            start++;
        }
        return new Window(start, window.end());
    }
}
