package org.erat.method;

import java.util.List;
import org.erat.adapter.RowsBySlot;

/**
 * What a training step runs: one forward and backward pass for each selection of rows. The gradient of the step is the
 * weighted sum of theirs, and the loss that is reported is that of the last one.
 *
 * @param selections at least one; their weights sum to 1
 */
public record StepPlan(List<Selection> selections) {
    /**
     * One pass.
     *
     * @param weight factor of its loss
     */
    public record Selection(double weight, RowsBySlot rows) {}

    public StepPlan {
        selections = List.copyOf(selections);
        if (selections.isEmpty()) {
            throw new IllegalArgumentException("A step without a selection of rows");
        }
        double sum = selections.stream().mapToDouble(Selection::weight).sum();
        if (Math.abs(sum - 1) > 1e-9) {
            throw new IllegalArgumentException("The weights of a step's selections sum to " + sum + " and not to 1");
        }
    }

    /** A step of one pass. */
    public static StepPlan of(RowsBySlot rows) {
        return new StepPlan(List.of(new Selection(1, rows)));
    }
}
