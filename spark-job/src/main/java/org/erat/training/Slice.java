package org.erat.training;

import java.io.Serializable;
import java.util.ArrayList;
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
    /** By row. All rows have runs of the same kinds and lengths. */
    private final List<List<ParameterLayout.Run>> runs;

    private final int rowLength;

    private Slice(int slot, List<List<ParameterLayout.Run>> runs) {
        this.slot = slot;
        this.runs = runs;
        this.rowLength =
                runs.get(0).stream().mapToInt(ParameterLayout.Run::length).sum();
    }

    /**
     * The slices of a layout, in the order in which shards send them: every slot, then the head in segments.
     *
     * @param withState whether optimizer state travels too
     */
    public static List<Slice> of(ParameterLayout layout, boolean withState) {
        List<Slice> slices = new ArrayList<>();
        for (AdapterLayout.Slot slot : layout.adapters().slots()) {
            List<List<ParameterLayout.Run>> rows = new ArrayList<>();
            for (int row = 0; row < slot.rank(); row++) {
                rows.add(layout.rowRuns(slot, row, withState));
            }
            slices.add(new Slice(slot.index(), rows));
        }
        List<Integer> cuts = layout.headCuts(HEAD_SEGMENT);
        for (int i = 1; i < cuts.size(); i++) {
            slices.add(new Slice(HEAD, List.of(layout.headRuns(cuts.get(i - 1), cuts.get(i), withState))));
        }
        return slices;
    }

    /** Number of its slot in the layout of the adapters, or {@link #HEAD}. */
    public int slot() {
        return slot;
    }

    public int rows() {
        return runs.size();
    }

    /** Values of a row with its state. */
    public int rowLength() {
        return rowLength;
    }

    /** Values of the rows that a shard sends, which are those that it trained. */
    int length(int[] coverage) {
        return rowLength * covered(coverage);
    }

    /** How many rows a shard trained. */
    static int covered(int[] coverage) {
        int rows = 0;
        for (int weight : coverage) {
            rows += weight > 0 ? 1 : 0;
        }
        return rows;
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

    /** The runs of a row, in the order of its values. */
    public List<ParameterLayout.Run> runs(int row) {
        return runs.get(row);
    }

    /** Receives a run [from, to) of the common index space. */
    @FunctionalInterface
    public interface Range {
        void accept(int from, int to);
    }

    /** Passes over the runs of a row: the order of its values. */
    public void forEachRun(int row, Range action) {
        for (ParameterLayout.Run run : runs.get(row)) {
            action.accept(run.from(), run.to());
        }
    }
}
