package org.erat.training;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterLayout;
import org.erat.network.DenseAdamW;
import org.erat.network.EncoderGraph;
import org.erat.network.EncoderLayer;
import org.erat.network.RowLazyAdamW;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Where the rows of the adapters and the head lie in a graph's flat parameters and in its optimizer state. A row is row i
 * of every A and Bᵀ of a block: they travel together.
 */
final class GraphLayout implements Serializable {
    private enum State {
        NONE,
        /** First moments of all parameters, then second moments, then counts of steps. */
        DENSE,
        /** The adapters' first and second moments and row counts, then the head's moments and counts. */
        ROW_LAZY
    }

    /** Receives a range [from, to) of flat indices. */
    @FunctionalInterface
    interface Range {
        void accept(int from, int to);
    }

    /** Most parameters of the head in one slice. */
    private static final int HEAD_SLICE = 1 << 14;

    private final AdapterLayout adapters;
    private final int parameters;
    private final int headArrays;
    private final int stateLength;
    private final State state;

    private GraphLayout(AdapterLayout adapters, int parameters, int headArrays, int stateLength, State state) {
        this.adapters = adapters;
        this.parameters = parameters;
        this.headArrays = headArrays;
        this.stateLength = stateLength;
        this.state = state;
    }

    static GraphLayout of(ComputationGraph graph) {
        EncoderLayer encoder = EncoderGraph.encoder(graph);
        AdapterLayout adapters = encoder.spec().layout();
        INDArray view = graph.getUpdater().getStateViewArray();
        int parameters = Math.toIntExact(graph.numParams());
        int stateLength = view == null ? 0 : Math.toIntExact(view.length());
        IUpdater updater = encoder.layerConf().getIUpdater();
        State state = stateLength == 0 ? State.NONE : updater instanceof RowLazyAdamW ? State.ROW_LAZY : State.DENSE;
        int headArrays = graph.paramTable().size() - encoder.paramTable().size();
        GraphLayout layout = new GraphLayout(adapters, parameters, headArrays, stateLength, state);
        if (stateLength != layout.expectedStateLength()) {
            throw new IllegalStateException("Optimizer state of " + stateLength + " values is not the "
                    + layout.expectedStateLength() + " of " + state + " over " + parameters + " parameters");
        }
        return layout;
    }

    /** The layout of row-lazy AdamW over adapters and a head of so many values, without a graph. */
    static GraphLayout rowLazy(AdapterLayout adapters, int head, int headArrays) {
        GraphLayout layout =
                new GraphLayout(adapters, Math.toIntExact(adapters.length()) + head, headArrays, 0, State.ROW_LAZY);
        return new GraphLayout(adapters, layout.parameters, headArrays, layout.expectedStateLength(), State.ROW_LAZY);
    }

    private int expectedStateLength() {
        return switch (state) {
            case NONE -> 0;
            case DENSE ->
                2 * parameters
                        + DenseAdamW.COUNTS_PER_ARRAY * (2 * adapters.slots().size() + headArrays);
            case ROW_LAZY -> 2 * parameters + counts() + DenseAdamW.COUNTS_PER_ARRAY * headArrays;
        };
    }

    AdapterLayout adapters() {
        return adapters;
    }

    /** Values in the flat parameters: adapters, then head. */
    int parameters() {
        return parameters;
    }

    /** Values in the optimizer state. */
    int stateLength() {
        return stateLength;
    }

    /** Whether rows outside the window move too, because their moments do. */
    boolean movesAllRows() {
        return state == State.DENSE;
    }

    private int adapterLength() {
        return Math.toIntExact(adapters.length());
    }

    private int counts() {
        return 2 * adapters.slots().size() * adapters.rank();
    }

    /** Ranges of a row in the flat parameters. */
    void rowParameters(int block, int row, Range range) {
        forEachSlot(block, slot -> {
            int a = (int) slot.rowOfA(row);
            int b = (int) slot.rowOfB(row);
            range.accept(a, a + slot.in());
            range.accept(b, b + slot.out());
        });
    }

    /** Range of the head in the flat parameters. */
    void headParameters(Range range) {
        range.accept(adapterLength(), parameters);
    }

    /**
     * The parts that are averaged on their own, in the order in which shards send them: every slot, then the head in
     * stretches.
     *
     * @param withState whether optimizer state travels too
     */
    List<Slice> slices(boolean withState) {
        List<Slice> slices = new ArrayList<>();
        int perBlock = adapters.slots().size() / adapters.blocks();
        for (int slot = 0; slot < adapters.slots().size(); slot++) {
            List<int[]> rows = new ArrayList<>();
            for (int row = 0; row < adapters.rank(); row++) {
                rows.add(slotRow(slot, row, withState && state != State.NONE));
            }
            slices.add(Slice.ofSlot(slot, slot / perBlock, rows));
        }
        for (int from = adapterLength(); from < parameters; from += HEAD_SLICE) {
            slices.add(Slice.ofHead(
                    headStretch(from, Math.min(parameters, from + HEAD_SLICE), withState && state != State.NONE)));
        }
        return slices;
    }

    /** A's row and B's row, then their state. */
    private int[] slotRow(int number, int row, boolean withState) {
        AdapterLayout.Slot slot = adapters.slots().get(number);
        IntStream.Builder runs = IntStream.builder();
        int second = parameters + (state == State.DENSE ? parameters : adapterLength());
        int a = (int) slot.rowOfA(row);
        int b = (int) slot.rowOfB(row);
        int[] shifts = withState ? new int[] {0, parameters, second} : new int[1];
        for (int shift : shifts) {
            runs.add(shift + a).add(shift + a + slot.in());
            runs.add(shift + b).add(shift + b + slot.out());
        }
        if (withState && state == State.ROW_LAZY) {
            int rank = adapters.rank();
            int count = parameters + 2 * adapterLength() + 2 * number * rank + row;
            runs.add(count).add(count + 1);
            runs.add(count + rank).add(count + rank + 1);
        }
        return runs.build().toArray();
    }

    /** The last stretch also has the counts of steps that lie behind the moments. */
    private int[] headStretch(int from, int to, boolean withState) {
        IntStream.Builder runs = IntStream.builder();
        runs.add(from).add(to);
        if (withState) {
            // Where the moments of parameter 0 would lie.
            int moments = state == State.DENSE ? parameters : parameters + adapterLength() + counts();
            int second = moments + (state == State.DENSE ? parameters : parameters - adapterLength());
            runs.add(moments + from).add(moments + to);
            runs.add(second + from).add(to == parameters ? parameters + stateLength : second + to);
        }
        return runs.build().toArray();
    }

    private void forEachSlot(int block, java.util.function.Consumer<AdapterLayout.Slot> action) {
        int perBlock = adapters.slots().size() / adapters.blocks();
        adapters.slots().subList(block * perBlock, (block + 1) * perBlock).forEach(action);
    }
}
