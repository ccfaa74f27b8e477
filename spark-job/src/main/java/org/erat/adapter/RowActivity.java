package org.erat.adapter;

import java.util.Arrays;

/**
 * Which rows of each slot learn in the current step, and in how many steps each row has learned: the weights of the
 * average. It cannot be derived from a gradient: while B = 0 the gradient of every active row of A is zero. Confined to one
 * thread.
 */
public final class RowActivity {
    private final boolean[][] active;
    private final int[][] steps;

    public RowActivity(AdapterLayout layout) {
        this.active = new boolean[layout.slots().size()][layout.rank()];
        this.steps = new int[layout.slots().size()][layout.rank()];
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

    /** Counts the current step. */
    public void countStep() {
        for (int slot = 0; slot < active.length; slot++) {
            for (int row = 0; row < active[slot].length; row++) {
                steps[slot][row] += active[slot][row] ? 1 : 0;
            }
        }
    }

    /** n[slot][row]: steps in which each row was active since the last call. */
    public int[][] takeSteps() {
        int[][] taken = new int[steps.length][];
        for (int slot = 0; slot < steps.length; slot++) {
            taken[slot] = steps[slot].clone();
            Arrays.fill(steps[slot], 0);
        }
        return taken;
    }
}
