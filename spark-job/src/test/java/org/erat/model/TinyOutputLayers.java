package org.erat.model;

import java.nio.FloatBuffer;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;

/**
 * Output layers of any size, without a model around them.
 *
 * @param table [V,H]
 * @param weights over the table
 * @param layer with a transform or without
 */
public record TinyOutputLayers(Tensor table, OutputWeights weights, OutputLayer layer) implements AutoCloseable {
    /** What a transform's norm adds to the variance. */
    public static final double EPSILON = 1e-5;

    /**
     * Weights of a transform.
     *
     * @param dense [H,H]
     * @param bias [H]
     * @param weight of the norm, [H]
     * @param shift bias of the norm, [H]
     */
    public record TransformValues(float[] dense, float[] bias, float[] weight, float[] shift) {}

    /** An output layer whose matrix is the table itself. */
    public static TinyOutputLayers plain(
            Backend backend, Kernels kernels, FloatBuffer table, FloatBuffer bias, int width) {
        return of(backend, kernels, table, bias, width, null);
    }

    /** The same behind dense layer, GELU and norm. */
    public static TinyOutputLayers transformed(
            Backend backend,
            Kernels kernels,
            FloatBuffer table,
            FloatBuffer bias,
            int width,
            TransformValues transform) {
        FrozenLinear dense = backend.frozenLinear(
                new FloatBuffer[] {FloatBuffer.wrap(transform.dense())},
                new FloatBuffer[] {FloatBuffer.wrap(transform.bias())},
                width);
        TransformerWeights.NormWeights norm = new TransformerWeights.NormWeights(
                backend.frozen(FloatBuffer.wrap(transform.weight()), width),
                backend.frozen(FloatBuffer.wrap(transform.shift()), width));
        return of(backend, kernels, table, bias, width, new OutputWeights.Transform(dense, norm));
    }

    private static TinyOutputLayers of(
            Backend backend,
            Kernels kernels,
            FloatBuffer table,
            FloatBuffer bias,
            int width,
            OutputWeights.Transform transform) {
        int vocabulary = bias.remaining();
        Tensor rows = backend.frozen(table, vocabulary, width);
        OutputWeights weights = new OutputWeights(backend.frozenLinear(rows, bias), null, transform);
        Architecture architecture = Architecture.encoder(
                "bert", vocabulary, 2, Positions.ofAllTokens(8), 1, width, 1, width, Activation.GELU, EPSILON, 0);
        return new TinyOutputLayers(rows, weights, new OutputLayer(kernels, weights, architecture));
    }

    @Override
    public void close() {
        weights.close();
        table.close();
    }
}
