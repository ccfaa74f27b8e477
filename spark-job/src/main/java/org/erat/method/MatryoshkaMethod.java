package org.erat.method;

import org.erat.adapter.RankScale;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;

/**
 * MatryoshkaLoRA (arXiv 2605.07850, algorithm 1): all nested ranks in one pass. The mean of the outputs of ranks 1..R, each
 * with its own scale s_r, is one output whose row i has the factor P_i = Σ_{r ≥ i} s_r / R. Inference at rank b drops P
 * and has the scale s_b.
 *
 * <p>The paper's algorithm has the sum. Its published code has both, the mean where each rank has a mask of its own. With
 * the sum the trained output is up to R times that of any rank, and what inference then takes has hardly learned.
 */
public final class MatryoshkaMethod implements AdapterMethod {
    private static final long serialVersionUID = 1L;

    private final RankScale scale;
    private final float[] factors;

    /** @param scale s_r of each rank r: α/R for s = 1, α/r for s = 1/r, α/√r for s = 1/√r */
    public MatryoshkaMethod(RankScale scale) {
        this.scale = scale;
        this.factors = new float[scale.rank()];
        double sum = 0;
        for (int rank = scale.rank(); rank >= 1; rank--) {
            sum += scale.of(rank);
            factors[rank - 1] = (float) (sum / scale.rank());
        }
    }

    @Override
    public int rank() {
        return scale.rank();
    }

    @Override
    public double scale(int width) {
        return scale.of(width);
    }

    @Override
    public StepPlan plan(long step, int shard, int examples) {
        Window all = new Window(0, scale.rank());
        return StepPlan.of(RowsBySlot.everywhere(new RowSelection(all, all, 1, factors, factors)));
    }
}
