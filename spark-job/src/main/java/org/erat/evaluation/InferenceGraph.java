package org.erat.evaluation;

import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.RowSelection;
import org.erat.config.TrainingSettings;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.network.BatchArrays;
import org.erat.network.EncoderGraph;
import org.erat.network.EncoderSpec;
import org.erat.network.GraphPool;
import org.erat.network.GraphSettings;
import org.erat.schedule.Window;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** The graph of an adapter for use in one task, without the last softmax: its outputs are logits, or numbers. */
final class InferenceGraph implements AutoCloseable {
    // Plain SGD keeps no state for parameters that will not move.
    private static final TrainingSettings NO_TRAINING = new TrainingSettings(
            1,
            1,
            1,
            1,
            0,
            0,
            TrainingSettings.Decay.CONSTANT,
            0,
            0,
            0,
            1e-8,
            0,
            TrainingSettings.Optimizer.SGD,
            TrainingSettings.OptimizerState.RESET,
            1,
            0,
            0);

    private final EncoderSpec spec;
    private final String configuration;
    private final ComputationGraph graph;
    private boolean succeeded;

    private InferenceGraph(EncoderSpec spec, String configuration, ComputationGraph graph) {
        this.spec = spec;
        this.configuration = configuration;
        this.graph = graph;
    }

    /**
     * Takes a graph with these parameters.
     *
     * @param outputs C
     * @param parameters of a trained graph
     */
    static InferenceGraph of(EncoderSpec spec, int outputs, float[] parameters) {
        // A regression's last layer is the classifier's without its softmax.
        GraphSettings settings = new GraphSettings(outputs, true, NO_TRAINING, 1, DataType.FLOAT);
        String configuration = EncoderGraph.configuration(spec, settings).toJson();
        ComputationGraph graph = GraphPool.take(configuration);
        graph.setParams(Nd4j.createFromArray(parameters));
        return new InferenceGraph(spec, configuration, graph);
    }

    /** Uses each of these selections of rows in every block, with the scale of their number, from here on. */
    void useRows(List<Window> windows) {
        RowSelection[][] selections =
                new RowSelection[windows.size()][spec.model().numHiddenLayers()];
        for (int i = 0; i < selections.length; i++) {
            Window rows = windows.get(i);
            Arrays.fill(selections[i], RowSelection.of(rows, spec.rankSchedule().scale(rows.width())));
        }
        EncoderGraph.encoder(graph).useRows(selections);
    }

    /** A mini-batch as the graph takes it. */
    static MultiDataSet arrays(PaddedBatch batch) {
        return BatchArrays.of(batch, 1, true);
    }

    /** Outputs [S,B,C] of a mini-batch at the selections of {@link #useRows}, row-major. */
    float[] outputs(MultiDataSet batch) {
        INDArray outputs = graph.output(false, batch.getFeatures(), batch.getFeaturesMaskArrays(), null)[0];
        return outputs.dup('c').data().asFloat();
    }

    /** Says that the task is done, so that the graph can serve another. */
    void succeeded() {
        succeeded = true;
    }

    @Override
    public void close() {
        if (succeeded) {
            GraphPool.giveBack(configuration, graph);
        } else {
            GraphPool.discard(graph);
        }
    }
}
