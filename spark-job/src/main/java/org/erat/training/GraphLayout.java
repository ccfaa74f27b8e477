package org.erat.training;

import java.io.Serializable;
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

    /** Ranges of a row in the optimizer state. */
    void rowState(int block, int row, Range range) {
        if (state == State.NONE) {
            return;
        }
        int second = state == State.DENSE ? parameters : adapterLength();
        rowParameters(block, row, (from, to) -> {
            range.accept(from, to);
            range.accept(second + from, second + to);
        });
        if (state == State.ROW_LAZY) {
            int rank = adapters.rank();
            int perBlock = adapters.slots().size() / adapters.blocks();
            for (int slot = block * perBlock; slot < (block + 1) * perBlock; slot++) {
                int count = 2 * adapterLength() + 2 * slot * rank + row;
                range.accept(count, count + 1);
                range.accept(count + rank, count + rank + 1);
            }
        }
    }

    /** Range of the head in the flat parameters. */
    void headParameters(Range range) {
        range.accept(adapterLength(), parameters);
    }

    /** Ranges of the head in the optimizer state. */
    void headState(Range range) {
        switch (state) {
            case NONE -> {}
            case DENSE -> {
                range.accept(adapterLength(), parameters);
                range.accept(parameters + adapterLength(), stateLength);
            }
            case ROW_LAZY -> range.accept(2 * adapterLength() + counts(), stateLength);
        }
    }

    private void forEachSlot(int block, java.util.function.Consumer<AdapterLayout.Slot> action) {
        int perBlock = adapters.slots().size() / adapters.blocks();
        adapters.slots().subList(block * perBlock, (block + 1) * perBlock).forEach(action);
    }
}
