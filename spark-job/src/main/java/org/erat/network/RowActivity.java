package org.erat.network;

import java.util.Arrays;
import org.erat.adapter.AdapterLayout;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a layer tells its updater, beside the gradient: which rows of each block learn in this step, and where the
 * parameters are (for decoupled weight decay). It also counts the steps in which each row was active, the weights of the
 * average. An inactive row and an active row of zero gradient look the same in a gradient, so this cannot be derived
 * from it: at the first step B = 0 makes the gradient of every active row of A zero.
 */
public final class RowActivity {
    private final AdapterLayout layout;
    private final boolean freezesA;
    private final INDArray parameters;
    private final boolean[][] active;
    private final int[][] steps;

    RowActivity(AdapterLayout layout, boolean freezesA, INDArray parameters) {
        this.layout = layout;
        this.freezesA = freezesA;
        this.parameters = parameters;
        this.active = new boolean[layout.blocks()][layout.rank()];
        this.steps = new int[layout.blocks()][layout.rank()];
    }

    AdapterLayout layout() {
        return layout;
    }

    /** Whether A keeps its initial values. */
    boolean freezesA() {
        return freezesA;
    }

    /** The layer's parameters, [1,n] or [n]. */
    INDArray parameters() {
        return parameters;
    }

    void clear() {
        for (boolean[] rows : active) {
            Arrays.fill(rows, false);
        }
    }

    void activate(int block, int row) {
        active[block][row] = true;
    }

    /** Whether a row of the block's adapters learns in the current step. */
    boolean isActive(int block, int row) {
        return active[block][row];
    }

    /** Counts the current step. */
    void countStep() {
        for (int block = 0; block < active.length; block++) {
            for (int row = 0; row < active[block].length; row++) {
                if (active[block][row]) {
                    steps[block][row]++;
                }
            }
        }
    }

    /** n[block][row]: steps in which each row was active since the last call. */
    int[][] takeSteps() {
        int[][] taken = new int[steps.length][];
        for (int block = 0; block < steps.length; block++) {
            taken[block] = steps[block].clone();
            Arrays.fill(steps[block], 0);
        }
        return taken;
    }
}
