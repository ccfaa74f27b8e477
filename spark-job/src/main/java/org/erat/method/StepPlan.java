package org.erat.method;

import java.util.List;
import javax.annotation.Nullable;
import org.erat.adapter.RowsBySlot;

/**
 * What a training step runs: one forward and backward pass for each selection of rows. The gradient of the step is the
 * weighted sum of theirs, and the loss that is reported is that of the last one.
 *
 * <p>A step with a teacher first runs a pass of its rows, without dropout and without a gradient, and adds to the loss of each
 * selection its distance from the teacher's outputs: KL(teacher ‖ selection) of classes, the squared difference of numbers.
 * This is in-place distillation (Yu and Huang, "Universally Slimmable Networks", arXiv 1903.05134).
 *
 * @param selections at least one; their weights sum to 1
 * @param teacher rows of the teacher; null for none
 */
public record StepPlan(List<Selection> selections, @Nullable RowsBySlot teacher) {
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
        return new StepPlan(List.of(new Selection(1, rows)), null);
    }
}
