package org.erat.learner;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
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

    /**
     * Ranges of row i of a slot's A and Bᵀ, as pairs of bounds, in an index space of the parameters and then the state.
     *
     * @param withState whether the row's moments and counts are among them
     */
    public int[] rowRanges(AdapterLayout.Slot slot, int row, boolean withState) {
        IntStream.Builder ranges = IntStream.builder();
        rowParameters(slot, row, (from, to) -> ranges.add(from).add(to));
        if (withState && optimizer.hasState()) {
            Group group = adapterGroup();
            int first = parameters() + group.stateFrom();
            for (int moments : new int[] {first, first + group.length()}) {
                rowParameters(
                        slot, row, (from, to) -> ranges.add(moments + from).add(moments + to));
            }
            int count = first + 2 * group.length() + 2 * slot.index() * adapters.rank() + row;
            ranges.add(count).add(count + 1);
            ranges.add(count + adapters.rank()).add(count + adapters.rank() + 1);
        }
        return ranges.build().toArray();
    }

    /**
     * The same of the head's parameters [from, to), counted from the head's first one. The head's last parameters bring the
     * counts of its arrays.
     */
    public int[] headRanges(int from, int to, boolean withState) {
        Group group = headGroup();
        IntStream.Builder ranges = IntStream.builder();
        ranges.add(group.from() + from).add(group.from() + to);
        if (withState && optimizer.hasState()) {
            int first = parameters() + group.stateFrom();
            int second = first + group.length();
            ranges.add(first + from).add(first + to);
            ranges.add(second + from).add(to == group.length() ? second + to + group.counts() : second + to);
        }
        return ranges.build().toArray();
    }
}
