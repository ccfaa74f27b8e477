package org.erat.training;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * A part of the shared values that is averaged on its own: one adapted projection, or a stretch of the head. Its rows are
 * those of the projection; a stretch of the head is one row. Parameters and optimizer state share one index space,
 * parameters first, so that a row's values and its state travel and are averaged alike.
 */
final class Slice implements Serializable {
    /** Number of the slot of a stretch of the head. */
    static final int HEAD = -1;

    private final int slot;
    private final int block;
    /** By row, pairs of bounds [from, to) in the common index space. */
    private final int[][] runs;

    private final int[] rowLengths;

    private Slice(int slot, int block, int[][] runs) {
        this.slot = slot;
        this.block = block;
        this.runs = runs;
        this.rowLengths = Arrays.stream(runs).mapToInt(Slice::lengthOf).toArray();
    }

    static Slice ofSlot(int slot, int block, List<int[]> rows) {
        return new Slice(slot, block, rows.toArray(int[][]::new));
    }

    static Slice ofHead(int[] runs) {
        return new Slice(HEAD, HEAD, new int[][] {runs});
    }

    private static int lengthOf(int[] runs) {
        int length = 0;
        for (int i = 0; i < runs.length; i += 2) {
            length += runs[i + 1] - runs[i];
        }
        return length;
    }

    /** Number of its slot in the layout of the adapters, or {@link #HEAD}. */
    int slot() {
        return slot;
    }

    int rows() {
        return runs.length;
    }

    /** Values of a row with its state. */
    int length(int row) {
        return rowLengths[row];
    }

    /** Values of the rows that a shard sends, which are those that it trained. */
    int length(int[] coverage) {
        int length = 0;
        for (int row = 0; row < coverage.length; row++) {
            length += coverage[row] > 0 ? rowLengths[row] : 0;
        }
        return length;
    }

    /** By row, the weight of a shard before it is normalised: steps in which the row was active, or examples. */
    int[] coverage(int[][] rowSteps, long examples) {
        return slot == HEAD ? new int[] {Math.toIntExact(examples)} : rowSteps[block];
    }

    /** Receives a run [from, to) of the common index space. */
    @FunctionalInterface
    interface Run {
        void accept(int from, int to);
    }

    /** Passes over the runs of a row: the order in which its values travel. */
    void forEachRun(int row, Run action) {
        int[] bounds = runs[row];
        for (int i = 0; i < bounds.length; i += 2) {
            action.accept(bounds[i], bounds[i + 1]);
        }
    }
}
