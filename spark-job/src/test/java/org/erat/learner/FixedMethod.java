package org.erat.learner;

import java.util.List;
import javax.annotation.Nullable;
import org.erat.adapter.RowsBySlot;
import org.erat.method.AdapterMethod;
import org.erat.method.StepPlan;

/** A method whose steps are all of the same selections. */
public record FixedMethod(int rank, List<StepPlan.Selection> selections, @Nullable RowsBySlot teacher)
        implements AdapterMethod {
    public FixedMethod(int rank, List<StepPlan.Selection> selections) {
        this(rank, selections, null);
    }

    @Override
    public StepPlan plan(long step, int shard, int examples) {
        return new StepPlan(selections, teacher);
    }

    @Override
    public double scale(int width) {
        return 1;
    }
}
