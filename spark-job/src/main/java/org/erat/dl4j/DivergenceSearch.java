package org.erat.dl4j;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterLayout;
import org.erat.data.tokenized.Batch;
import org.erat.learner.NotFiniteException;
import org.erat.learner.ParameterLayout;
import org.erat.training.Divergence;
import org.erat.training.RoundState;
import org.erat.training.round.DivergedException;

/**
 * Finds the block in which a local step gave its first value that is not finite. Only a step that gave one pays for the
 * search.
 */
record DivergenceSearch(ComputationGraph graph, RoundState round, int shard, int step) {
    private static final String HEAD = "the head";

    /**
     * What made a step give a value that is not finite.
     *
     * @param batch of the step
     */
    DivergedException find(NotFiniteException thrown, Batch batch) {
        return thrown.updated()
                ? found("A parameter that is not finite, first in "
                        + firstInForwardPass(graph.params().toDoubleVector()))
                : inLossOrGradient(thrown.loss(), batch);
    }

    /** By making the step's forward pass once more. */
    private DivergedException inLossOrGradient(double loss, Batch batch) {
        int block = LearnerGraph.transformer(graph).firstNotFinite(batch, step);
        if (block < layout().adapters().blocks()) {
            return found(
                    "Loss " + loss + ", first in the output of " + (block < 0 ? "the embeddings" : "block " + block));
        }
        if (!Double.isFinite(loss)) {
            return found("Loss " + loss + ", first in the output of " + HEAD);
        }
        return found("A gradient that is not finite, first in "
                + firstInBackwardPass(graph.getFlattenedGradients().toDoubleVector()));
    }

    private ParameterLayout layout() {
        return LearnerGraph.transformer(graph).spec().layout();
    }

    private DivergedException found(String what) {
        return new DivergedException(new Divergence(step, shard, round.round(), what));
    }

    private String firstInForwardPass(double[] values) {
        for (int block = 0; block < layout().adapters().blocks(); block++) {
            if (!isFinite(block, values)) {
                return "block " + block;
            }
        }
        return HEAD;
    }

    private String firstInBackwardPass(double[] values) {
        ParameterLayout.Group head = layout().headGroup();
        if (!isFinite(values, head.from(), head.from() + head.length())) {
            return HEAD;
        }
        for (int block = layout().adapters().blocks() - 1; block >= 0; block--) {
            if (!isFinite(block, values)) {
                return "block " + block;
            }
        }
        return "the norm over all blocks";
    }

    private boolean isFinite(int block, double[] values) {
        for (AdapterLayout.Slot slot : layout().adapters().slots()) {
            if (slot.block() == block
                    && !isFinite(values, (int) slot.offset(), (int) (slot.offset() + slot.length()))) {
                return false;
            }
        }
        return true;
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
