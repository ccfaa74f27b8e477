package org.erat.learner;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.RowActivity;
import org.erat.compute.AdamW;
import org.erat.head.HeadLayout;

/**
 * All parameters of a run in one vector, the adapters and then the head, and the optimizer's state in another. Each of the
 * two groups has a range of the state: first moments, second moments, then one count of steps for each of its parts. A part
 * is updated as a whole or not at all: a row of an A or Bᵀ, or an array of the head.
 */
public final class ParameterLayout implements Serializable {
    private static final long serialVersionUID = 1L;

    private final AdapterLayout adapters;
    private final HeadLayout head;
    private final OptimizerSpec optimizer;
    private final boolean freezeA;

    public ParameterLayout(AdapterLayout adapters, HeadLayout head, OptimizerSpec optimizer, boolean freezeA) {
        this.adapters = adapters;
        this.head = head;
        this.optimizer = optimizer;
        this.freezeA = freezeA;
        // Java's arrays hold the whole.
        Math.addExact(2 * Math.addExact(Math.toIntExact(adapters.length()), head.length()), countsOfAdapters());
    }

    /**
     * Adapters or head.
     *
     * @param from index of its first parameter
     * @param length parameters
     * @param stateFrom index of its first value in the state
     * @param counts parts, each with a count of steps
     */
    public record Group(int from, int length, int stateFrom, int counts) implements Serializable {
        public int stateLength() {
            return 2 * length + counts;
        }
    }

    public AdapterLayout adapters() {
        return adapters;
    }

    public HeadLayout head() {
        return head;
    }

    public OptimizerSpec optimizer() {
        return optimizer;
    }

    private int countsOfAdapters() {
        return 2 * adapters.slots().size() * adapters.rank();
    }

    public Group adapterGroup() {
        return new Group(0, (int) adapters.length(), 0, countsOfAdapters());
    }

    public Group headGroup() {
        Group before = adapterGroup();
        return new Group(
                before.length(),
                head.length(),
                before.stateLength(),
                head.arrays().size());
    }

    /** Number of parameters. */
    public int parameters() {
        return (int) adapters.length() + head.length();
    }

    /** Values of the optimizer's state: 0 where it has none. */
    public int stateLength() {
        return optimizer.hasState() ? adapterGroup().stateLength() + headGroup().stateLength() : 0;
    }

    // ---- the optimizer's step

    /** Counts of the steps that have updated each part of a group, by the part's number. */
    public interface Counts {
        /** The count of a part, raised by the current step. */
        double raise(int part);
    }

    /**
     * The ranges of the adapters that a step of AdamW updates. Indices are those of the group's own parameters and state.
     *
     * @param activity which rows learned in the step
     */
    public List<AdamW.Segment> adapterSegments(RowActivity activity, Counts counts) {
        List<AdamW.Segment> segments = new ArrayList<>();
        Group group = adapterGroup();
        int rank = adapters.rank();
        double decay = optimizer.weightDecay();
        for (AdapterLayout.Slot slot : adapters.slots()) {
            int part = 2 * rank * slot.index();
            for (int row = 0; row < rank; row++) {
                if (optimizer.updatesAllRows() || activity.isActive(slot, row)) {
                    if (!freezeA) {
                        segments.add(segment(group, slot.rowOfA(row), slot.in(), counts.raise(part + row), decay));
                    }
                    segments.add(segment(group, slot.rowOfB(row), slot.out(), counts.raise(part + rank + row), decay));
                }
            }
        }
        return segments;
    }

    /** The same of the head, whose arrays are all updated. Weights decay, biases do not. */
    public List<AdamW.Segment> headSegments(Counts counts) {
        List<AdamW.Segment> segments = new ArrayList<>();
        for (int array = 0; array < head.arrays().size(); array++) {
            HeadLayout.Array one = head.arrays().get(array);
            double decay = one.kind() != HeadLayout.Kind.WEIGHT ? 0 : optimizer.weightDecay();
            segments.add(segment(headGroup(), one.offset(), one.length(), counts.raise(array), decay));
        }
        return segments;
    }

    private static AdamW.Segment segment(Group group, long at, long length, double steps, double weightDecay) {
        return new AdamW.Segment(at, length, at, group.length() + at, steps, weightDecay);
    }

    // ---- what travels and is averaged together

    /** Receives a range [from, to) of indices. */
    @FunctionalInterface
    public interface Range {
        void accept(int from, int to);
    }

    /** Ranges of row i of a slot's A and Bᵀ in the parameters. */
    public void rowParameters(AdapterLayout.Slot slot, int row, Range range) {
        int a = (int) slot.rowOfA(row);
        int b = (int) slot.rowOfB(row);
        range.accept(a, a + slot.in());
        range.accept(b, b + slot.out());
    }

    /** What the values of a run are. */
    public enum Kind {
        PARAMETERS,
        FIRST_MOMENTS,
        SECOND_MOMENTS,
        /** Of steps, by part. */
        COUNTS
    }

    /**
     * A range [from, to) in an index space of the parameters and then the state: whole rows of one matrix.
     *
     * @param width values of a row
     */
    public record Run(Kind kind, int from, int to, int width) implements Serializable {
        public int length() {
            return to - from;
        }
    }

    /**
     * Row i of a slot's A and Bᵀ. The runs of all rows of a slot are alike.
     *
     * @param withState whether the row's moments and counts are among them
     */
    public List<Run> rowRuns(AdapterLayout.Slot slot, int row, boolean withState) {
        List<Run> runs = new ArrayList<>();
        addRow(runs, Kind.PARAMETERS, slot, row, 0);
        if (withState && optimizer.hasState()) {
            Group group = adapterGroup();
            int first = parameters() + group.stateFrom();
            addRow(runs, Kind.FIRST_MOMENTS, slot, row, first);
            addRow(runs, Kind.SECOND_MOMENTS, slot, row, first + group.length());
            int count = first + 2 * group.length() + 2 * slot.index() * adapters.rank() + row;
            runs.add(new Run(Kind.COUNTS, count, count + 1, 1));
            runs.add(new Run(Kind.COUNTS, count + adapters.rank(), count + adapters.rank() + 1, 1));
        }
        return runs;
    }

    private void addRow(List<Run> runs, Kind kind, AdapterLayout.Slot slot, int row, int offset) {
        rowParameters(slot, row, (from, to) -> runs.add(new Run(kind, offset + from, offset + to, to - from)));
    }

    /**
     * Indices among the head's parameters that cut them into segments of whole rows of its arrays, from 0 to their number.
     *
     * @param most values of a segment, unless one row has more
     */
    public List<Integer> headCuts(int most) {
        List<Integer> cuts = new ArrayList<>();
        cuts.add(0);
        int end = 0;
        for (HeadLayout.Array array : head.arrays()) {
            for (int row = 0; row < array.rows(); row++) {
                int start = cuts.get(cuts.size() - 1);
                if (end > start && end + array.columns() - start > most) {
                    cuts.add(end);
                }
                end += array.columns();
            }
        }
        if (end > 0) {
            cuts.add(end);
        }
        return cuts;
    }

    /**
     * The head's parameters [from, to), counted from the head's first one, which are whole rows. The head's last parameters
     * bring the counts of its arrays.
     */
    public List<Run> headRuns(int from, int to, boolean withState) {
        Group group = headGroup();
        List<Run> runs = new ArrayList<>();
        addHead(runs, Kind.PARAMETERS, from, to, group.from());
        if (withState && optimizer.hasState()) {
            int first = parameters() + group.stateFrom();
            int second = first + group.length();
            addHead(runs, Kind.FIRST_MOMENTS, from, to, first);
            addHead(runs, Kind.SECOND_MOMENTS, from, to, second);
            if (to == group.length()) {
                runs.add(new Run(Kind.COUNTS, second + to, second + to + group.counts(), group.counts()));
            }
        }
        return runs;
    }

    private void addHead(List<Run> runs, Kind kind, int from, int to, int offset) {
        for (HeadLayout.Array array : head.arrays()) {
            int start = Math.max(from, array.offset());
            int end = Math.min(to, array.offset() + array.length());
            if (start < end) {
                runs.add(new Run(kind, offset + start, offset + end, array.columns()));
            }
        }
    }
}
