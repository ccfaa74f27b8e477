package org.erat.training;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.erat.adapter.AdapterLayout;
import org.erat.learner.ParameterLayout;

/**
 * A part of the shared values that is averaged on its own: one adapted projection, or a segment of the head. Its rows are
 * those of the projection; a segment of the head is one row. Parameters and optimizer state share one index space,
 * parameters first, so that a row's values and its state travel and are averaged alike.
 */
public final class Slice implements Serializable {
    /** In place of the number of a slot: a segment of the head. */
    public static final int HEAD = -1;

    /** Most parameters of the head in one slice. */
    private static final int HEAD_SEGMENT = 1 << 14;

    private final int slot;
    /** By row, pairs of bounds [from, to) in the common index space. */
    private final int[][] runs;

    private final int[] rowLengths;

    private Slice(int slot, int[][] runs) {
        this.slot = slot;
        this.runs = runs;
        this.rowLengths = Arrays.stream(runs).mapToInt(Slice::lengthOf).toArray();
    }

    /**
     * The slices of a layout, in the order in which shards send them: every slot, then the head in segments.
     *
     * @param withState whether optimizer state travels too
     */
    public static List<Slice> of(ParameterLayout layout, boolean withState) {
        List<Slice> slices = new ArrayList<>();
        for (AdapterLayout.Slot slot : layout.adapters().slots()) {
            int[][] rows = new int[slot.rank()][];
            for (int row = 0; row < rows.length; row++) {
                rows[row] = layout.rowRanges(slot, row, withState);
            }
            slices.add(new Slice(slot.index(), rows));
        }
        int head = layout.headGroup().length();
        for (int from = 0; from < head; from += HEAD_SEGMENT) {
            int to = Math.min(head, from + HEAD_SEGMENT);
            slices.add(new Slice(HEAD, new int[][] {layout.headRanges(from, to, withState)}));
        }
        return slices;
    }

    private static int lengthOf(int[] runs) {
        int length = 0;
        for (int i = 0; i < runs.length; i += 2) {
            length += runs[i + 1] - runs[i];
        }
        return length;
    }

    /** Number of its slot in the layout of the adapters, or {@link #HEAD}. */
    public int slot() {
        return slot;
    }

    public int rows() {
        return runs.length;
    }

    /** Values of a row with its state. */
    public int length(int row) {
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

    /**
     * By row, the weight of a shard before it is normalized: that of the steps in which the row was active, or for the head targets.
     *
     * @param rowWeights [slot][row]
     * @param targets that the shard has seen
     */
    public int[] coverage(int[][] rowWeights, long targets) {
        return slot == HEAD ? new int[] {Math.toIntExact(targets)} : rowWeights[slot];
    }

    /** Receives a run [from, to) of the common index space. */
    @FunctionalInterface
    public interface Run {
        void accept(int from, int to);
    }

    /** Passes over the runs of a row: the order in which its values travel. */
    public void forEachRun(int row, Run action) {
        int[] bounds = runs[row];
        for (int i = 0; i < bounds.length; i += 2) {
            action.accept(bounds[i], bounds[i + 1]);
        }
    }
}
