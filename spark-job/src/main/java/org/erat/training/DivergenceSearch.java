package org.erat.training;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.network.EncoderGraph;
import org.erat.network.LocalSteps;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Finds the block in which a local step gave its first number that is not finite. Only a step that gave one pays for the
 * search.
 */
record DivergenceSearch(ComputationGraph graph, RoundState round, int shard, int step) {
    private static final String HEAD = "the head";

    /**
     * What made a step give a number that is not finite.
     *
     * @param batch of the step
     */
    DivergedException find(LocalSteps.NotFiniteException thrown, MultiDataSet batch) {
        return thrown.moved()
                ? found("A parameter that is not finite, first in "
                        + firstInForwardPass(graph.params().toDoubleVector()))
                : inLossOrGradient(thrown.loss(), batch);
    }

    /** By making the step's forward pass once more. */
    DivergedException inLossOrGradient(double loss, MultiDataSet batch) {
        int blocks = GraphLayout.of(graph).adapters().blocks();
        int block = EncoderGraph.encoder(graph).firstNotFinite(batch.getFeatures(0), batch.getFeaturesMaskArray(0));
        if (block < blocks) {
            return found(
                    "Loss " + loss + ", first in the output of " + (block < 0 ? "the embeddings" : "block " + block));
        }
        if (!Double.isFinite(loss)) {
            return found("Loss " + loss + ", first in the output of " + HEAD);
        }
        return found("A gradient that is not finite, first in "
                + firstInBackwardPass(graph.getFlattenedGradients().toDoubleVector()));
    }

    private DivergedException found(String what) {
        return new DivergedException(new Divergence(step, shard, round.round(), what));
    }

    private String firstInForwardPass(double[] values) {
        GraphLayout layout = GraphLayout.of(graph);
        int blocks = layout.adapters().blocks();
        for (int block = 0; block < blocks; block++) {
            if (!isFinite(layout, block, values)) {
                return "block " + block;
            }
        }
        return HEAD;
    }

    private String firstInBackwardPass(double[] values) {
        GraphLayout layout = GraphLayout.of(graph);
        boolean[] headIsFinite = {true};
        layout.headParameters((from, to) -> headIsFinite[0] = isFinite(values, from, to));
        if (!headIsFinite[0]) {
            return HEAD;
        }
        for (int block = layout.adapters().blocks() - 1; block >= 0; block--) {
            if (!isFinite(layout, block, values)) {
                return "block " + block;
            }
        }
        return "the norm over all blocks";
    }

    private static boolean isFinite(GraphLayout layout, int block, double[] values) {
        boolean[] finite = {true};
        for (int row = 0; row < layout.adapters().rank(); row++) {
            layout.rowParameters(block, row, (from, to) -> finite[0] &= isFinite(values, from, to));
        }
        return finite[0];
    }

    private static boolean isFinite(double[] values, int from, int to) {
        for (int i = from; i < to; i++) {
            if (!Double.isFinite(values[i])) {
                return false;
            }
        }
        return true;
    }
}
