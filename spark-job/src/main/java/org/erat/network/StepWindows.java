package org.erat.network;

import org.erat.adapter.RowSelection;
import org.erat.config.ScheduleConfig;
import org.erat.schedule.RankSchedule;
import org.erat.schedule.Window;

/** The windows of one training step as row selections, one for each block. */
final class StepWindows {
    private final RankSchedule schedule;
    private final ScheduleConfig config;
    private RowSelection[] last;

    StepWindows(RankSchedule schedule, ScheduleConfig config) {
        this.schedule = schedule;
        this.config = config;
    }

    /** All rows of every block. */
    RowSelection[] whole() {
        RowSelection[] rows = new RowSelection[schedule.blocks()];
        for (int block = 0; block < rows.length; block++) {
            rows[block] = RowSelection.of(new Window(0, schedule.rank()), schedule.scale(schedule.rank()));
        }
        return rows;
    }

    /** The selections of a step; they stay available by {@link #last}. */
    RowSelection[] draw(long step, int worker, int examples) {
        last = new RowSelection[schedule.blocks()];
        for (int block = 0; block < last.length; block++) {
            last[block] = config.granularity() == ScheduleConfig.Granularity.STEP
                    ? byStep(step, block, worker)
                    : byExample(step, block, worker, examples);
        }
        return last;
    }

    /** The block's selection of the last draw. */
    RowSelection last(int block) {
        return last[block];
    }

    /** Marks the rows that learn in a step. */
    void markActive(RowActivity activity, RowSelection[] rows) {
        activity.clear();
        int rank = schedule.rank();
        for (int block = 0; block < rows.length; block++) {
            float[] byExample = rows[block].learnedFactors();
            for (int row = rows[block].learned().start();
                    row < rows[block].learned().end();
                    row++) {
                if (byExample == null || anyExample(byExample, row, rank)) {
                    activity.activate(block, row);
                }
            }
        }
    }

    private static boolean anyExample(float[] factors, int row, int rank) {
        for (int i = row; i < factors.length; i += rank) {
            if (factors[i] != 0) {
                return true;
            }
        }
        return false;
    }

    private RowSelection byStep(long step, int block, int worker) {
        Window window = schedule.window(step, block, worker);
        return new RowSelection(window, learned(window), schedule.scale(window.width()), null, null);
    }

    private RowSelection byExample(long step, int block, int worker, int examples) {
        int rank = schedule.rank();
        float[] factors = new float[examples * rank];
        float[] learnedFactors = new float[examples * rank];
        for (int example = 0; example < examples; example++) {
            Window window = schedule.window(step, block, worker, example);
            float scale = (float) schedule.scale(window.width());
            for (int row = window.start(); row < window.end(); row++) {
                factors[example * rank + row] = scale;
                learnedFactors[example * rank + row] = schedule.learns(window, row) ? scale : 0;
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
