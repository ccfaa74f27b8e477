package org.erat.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.erat.adapter.AdapterLayout;
import org.erat.compute.AdamW;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * AdamW where the encoder computes: parameters, gradients and state lie there as in the graph and its updater, which say
 * what each block of them is updated by. Counts of steps are few and stay here.
 */
final class DeviceOptimizer {
    private final RowActivity activity;
    private final List<Block> blocks = new ArrayList<>();

    /** Counts of steps by their index in the state. */
    private final Map<Long, Double> counts = new TreeMap<>();

    /** The same after the step that is being made. */
    private final Map<Long, Double> counted = new TreeMap<>();

    /**
     * Parameters with one updater.
     *
     * @param from index of the first one
     * @param length parameters
     * @param state index of their first moments in the state; second moments and counts follow
     * @param decays the arrays among them and their weight decay; for {@link DenseAdamW} only
     */
    private record Block(AdamWRule rule, long from, long length, long state, List<Decay> decays) {
        long counts() {
            return state + 2 * length;
        }

        AdamW.Stretch stretch(long at, long size, double steps, double weightDecay) {
            long first = state + at - from;
            return new AdamW.Stretch(at, size, first, first + length, steps, weightDecay);
        }
    }

    private record Decay(long from, long length, double coefficient) {}

    /** Whether every parameter of a graph is updated by AdamW. */
    static boolean serves(ComputationGraph graph) {
        return updaterBlocks(graph).stream()
                .allMatch(block -> block.getGradientUpdater() != null
                        && block.getGradientUpdater().getConfig() instanceof AdamWRule);
    }

    DeviceOptimizer(ComputationGraph graph) {
        this.activity = EncoderGraph.encoder(graph).activity();
        for (UpdaterBlock block : updaterBlocks(graph)) {
            AdamWRule rule = (AdamWRule) block.getGradientUpdater().getConfig();
            blocks.add(new Block(
                    rule,
                    block.getParamOffsetStart(),
                    block.getParamOffsetEnd() - block.getParamOffsetStart(),
                    block.getUpdaterViewOffsetStart(),
                    rule instanceof DenseAdamW ? decays(block) : List.of()));
        }
    }

    private static List<UpdaterBlock> updaterBlocks(ComputationGraph graph) {
        return ((BaseMultiLayerUpdater<?>) graph.getUpdater()).getUpdaterBlocks();
    }

    private static List<Decay> decays(UpdaterBlock block) {
        List<Decay> decays = new ArrayList<>();
        for (UpdaterBlock.ParamState array : block.getLayersAndVariablesInBlock()) {
            double coefficient = 0;
            for (Regularization one : array.getLayer().getConfig().getRegularizationByParam(array.getParamName())) {
                coefficient += ((DecoupledWeightDecay) one).getCoefficient();
            }
            decays.add(new Decay(
                    array.getParamOffsetStart(), array.getParamOffsetEnd() - array.getParamOffsetStart(), coefficient));
        }
        return decays;
    }

    /** Takes the counts of steps from the updater's state. */
    void readCounts(INDArray state) {
        counts.clear();
        for (Block block : blocks) {
            if (block.rule() instanceof DenseAdamW) {
                read(state, block.counts());
            } else {
                long rows = 2L
                        * activity.layout().slots().size()
                        * activity.layout().rank();
                for (long i = 0; i < rows; i++) {
                    read(state, block.counts() + i);
                }
            }
        }
    }

    private void read(INDArray state, long index) {
        counts.put(index, state.getDouble(index));
    }

    /** Puts them there. */
    void writeCounts(INDArray state) {
        counts.forEach((index, count) -> state.putScalar(index, count));
    }

    /** The step of AdamW that {@code summary} allows; it counts from {@link #count} on. */
    void step(
            Kernels kernels,
            int iteration,
            int epoch,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary) {
        counted.clear();
        for (Block block : blocks) {
            List<AdamW.Stretch> stretches = block.rule() instanceof RowLazyAdamW lazy ? rows(block, lazy) : all(block);
            kernels.adamW(
                    block.rule().rule(),
                    block.rule().getLearningRate(iteration, epoch),
                    stretches,
                    parameters,
                    gradient,
                    state,
                    summary);
        }
    }

    /** The step was made. */
    void count() {
        counts.putAll(counted);
    }

    private double next(long index) {
        double steps = counts.get(index) + 1;
        counted.put(index, steps);
        return steps;
    }

    private List<AdamW.Stretch> all(Block block) {
        double steps = next(block.counts());
        return block.decays().stream()
                .map(array -> block.stretch(array.from(), array.length(), steps, array.coefficient()))
                .toList();
    }

    private List<AdamW.Stretch> rows(Block block, RowLazyAdamW lazy) {
        List<AdamW.Stretch> stretches = new ArrayList<>();
        int rank = activity.layout().rank();
        long countsOfSlot = block.counts();
        for (AdapterLayout.Slot slot : activity.layout().slots()) {
            for (int row = 0; row < rank; row++) {
                if (activity.isActive(slot.block(), row)) {
                    if (!activity.freezesA()) {
                        stretches.add(block.stretch(
                                block.from() + slot.rowOfA(row),
                                slot.in(),
                                next(countsOfSlot + row),
                                lazy.weightDecay()));
                    }
                    stretches.add(block.stretch(
                            block.from() + slot.rowOfB(row),
                            slot.out(),
                            next(countsOfSlot + rank + row),
                            lazy.weightDecay()));
                }
            }
            countsOfSlot += 2L * rank;
        }
        return stretches;
    }
}
