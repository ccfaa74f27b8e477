package org.erat.learner;

import java.util.List;
import org.erat.method.AdapterMethod;
import org.erat.method.StepPlan;

/** A method whose steps are all of the same selections. */
public record FixedMethod(int rank, List<StepPlan.Selection> selections) implements AdapterMethod {
    @Override
    public StepPlan plan(long step, int shard, int examples) {
        return new StepPlan(selections);
    }

    @Override
    public double scale(int width) {
        return 1;
    }
}
