package org.erat.network;

import java.util.Random;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** One training step's function of an encoder layer: the sum of fixed random weights times its output. */
final class EncoderProbe {
    private final EncoderLayer layer;
    private final MultiDataSet batch;
    private final INDArray weights;

    EncoderProbe(ComputationGraph graph, MultiDataSet batch, long step) {
        graph.initGradientsView();
        this.layer = EncoderGraph.encoder(graph);
        this.batch = batch;
        layer.setIterationCount((int) step);
        Random random = new Random(5);
        long size = batch.getFeatures(0).size(0);
        long width = layer.spec().model().hiddenSize();
        double[] values = random.doubles(size * width, -1, 1).toArray();
        this.weights = Nd4j.createFromArray(values)
                .reshape(size, width)
                .castTo(layer.params().dataType());
    }

    /** The adapters, in the order of the layout. */
    INDArray parameters() {
        return layer.params();
    }

    INDArray output() {
        layer.setInput(batch.getFeatures(0), LayerWorkspaceMgr.noWorkspaces());
        layer.setMaskArray(batch.getFeaturesMaskArray(0));
        return layer.activate(true, LayerWorkspaceMgr.noWorkspaces());
    }

    double objective() {
        return output().mul(weights).sumNumber().doubleValue();
    }

    /** The part of {@link #objective} that these examples contribute. */
    private double objective(boolean[] examples) {
        INDArray perExample = output().mul(weights).sum(1);
        double sum = 0;
        for (int example = 0; example < examples.length; example++) {
            sum += examples[example] ? perExample.getDouble(example) : 0;
        }
        return sum;
    }

    /** Gradient of {@link #objective} with respect to all adapters. */
    double[] gradient() {
        output();
        return layer.backpropGradient(weights, LayerWorkspaceMgr.noWorkspaces())
                .getFirst()
                .gradient()
                .dup()
                .data()
                .asDouble();
    }

    /**
     * (f(θ + h·d) − f(θ − h·d)) / 2h with d zero outside of [from, from + d.length) and f the part of the objective that
     * {@code examples} contribute.
     */
    double slope(long from, double[] direction, double h, boolean[] examples) {
        double[] centre = new double[direction.length];
        for (int i = 0; i < direction.length; i++) {
            centre[i] = parameters().getDouble(from + i);
        }
        displace(from, centre, direction, h);
        double above = objective(examples);
        displace(from, centre, direction, -h);
        double below = objective(examples);
        displace(from, centre, direction, 0);
        return (above - below) / (2 * h);
    }

    private void displace(long from, double[] centre, double[] direction, double h) {
        for (int i = 0; i < direction.length; i++) {
            parameters().putScalar(from + i, centre[i] + h * direction[i]);
        }
    }
}
