package org.erat.adapter;

import java.util.Arrays;

/**
 * Which rows of each slot learn in the current step, and the weight of the steps in which each row has learned: the weights
 * of the average. It cannot be derived from a gradient: while B = 0 the gradient of every active row of A is zero. Confined to one
 * thread.
 */
public final class RowActivity {
    private final boolean[][] active;
    private final int[][] weights;
    private long activeRows;

    public RowActivity(AdapterLayout layout) {
        this.active = new boolean[layout.slots().size()][layout.rank()];
        this.weights = new int[layout.slots().size()][layout.rank()];
    }

    /** Begins a step in which no row learns yet. */
    public void beginStep() {
        for (boolean[] rows : active) {
            Arrays.fill(rows, false);
        }
    }

    /** The rows of a slot that a selection trains learn in the current step. */
    public void mark(AdapterLayout.Slot slot, RowSelection selection) {
        for (int row = 0; row < slot.rank(); row++) {
            active[slot.index()][row] |= selection.learns(row);
        }
    }

    /** Whether a row of a slot learns in the current step. */
    public boolean isActive(AdapterLayout.Slot slot, int row) {
        return active[slot.index()][row];
    }

    /**
     * Counts the current step.
     *
     * @param weight of the step, 1 where all weigh the same
     */
    public void countStep(int weight) {
        for (int slot = 0; slot < active.length; slot++) {
            for (int row = 0; row < active[slot].length; row++) {
                if (active[slot][row]) {
                    weights[slot][row] = Math.addExact(weights[slot][row], weight);
                    activeRows++;
                }
            }
        }
    }

    /**
     * What was counted.
     *
     * @param weights n[slot][row]: weight of the steps in which each row was active
     * @param activeRows rows that were active, over all slots and steps
     */
    public record Counts(int[][] weights, long activeRows) {}

    /** What was counted since the last call. */
    public Counts take() {
        int[][] taken = new int[weights.length][];
        for (int slot = 0; slot < weights.length; slot++) {
            taken[slot] = weights[slot].clone();
            Arrays.fill(weights[slot], 0);
        }
        Counts counts = new Counts(taken, activeRows);
        activeRows = 0;
        return counts;
    }
}
