package org.erat.method;

import java.io.Serializable;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Window;

/**
 * How low-rank adapters are trained: which rows take part in a step, with which scale, and which of them learn. Immutable
 * and a pure function of its arguments, so that driver and workers, and a task that runs again, plan the same steps.
 */
public interface AdapterMethod extends Serializable {
    /** R, the largest rank. */
    int rank();

    /**
     * The plan of a training step.
     *
     * @param step local step of the run, from 0
     * @param shard number of the shard, from 0
     * @param examples B, examples of the mini-batch
     */
    StepPlan plan(long step, int shard, int examples);

    /**
     * Rows of one adapter in inference.
     *
     * @param rows of the adapter: the prefix [0,b) is rank b
     */
    default RowSelection inference(Window rows) {
        return RowSelection.of(rows, scale(rows.width()));
    }

    /**
     * Factor of an adapter's output in inference with so many rows.
     *
     * @param width 1..R
     */
    double scale(int width);
}
