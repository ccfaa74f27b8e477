package org.erat.network;

import java.util.Arrays;
import java.util.List;
import javax.annotation.Nullable;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.erat.adapter.RowSelection;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.model.TokenBatch;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The encoder as a Deeplearning4j layer: its parameters and gradients are ND4J's arrays, which cross to where the encoder
 * computes at every pass. In training, the windows are those of the schedule at the layer's iteration count and worker; in
 * inference they are those of {@link #useRows}, by default the whole of every adapter.
 *
 * <p>Base weights and scratch memory are taken at the first pass: a process that only plans or averages, as the driver
 * does, never reads a weight.
 */
public final class EncoderLayer extends BaseLayer<EncoderLayerConf> implements AutoCloseable {
    private final EncoderSpec spec;
    private final RowActivity activity;
    private final EncoderPasses passes;
    private int worker;
    private List<RowSelection[]> inferenceRows;

    /** The adapters of a training pass that waits for its backward pass. */
    @Nullable
    private Tensor adapters;

    EncoderLayer(NeuralNetConfiguration conf, DataType dataType, EncoderSpec spec, RowActivity activity) {
        super(conf, dataType);
        this.spec = spec;
        this.activity = activity;
        this.passes = new EncoderPasses(spec, dataType, activity);
        this.inferenceRows = List.<RowSelection[]>of(passes.whole());
    }

    /** The specification this layer was made from. */
    public EncoderSpec spec() {
        return spec;
    }

    /** The worker whose windows training draws, where workers draw their own. */
    public void setWorker(int worker) {
        this.worker = worker;
    }

    int worker() {
        return worker;
    }

    EncoderPasses passes() {
        return passes;
    }

    RowActivity activity() {
        return activity;
    }

    /**
     * Rows that inference uses from here on, by block. With several selections the output is that of the first, then that
     * of the second and so on, [S·B,H]: what no adapter changes is computed once.
     */
    public void useRows(RowSelection[]... selections) {
        for (RowSelection[] byBlock : selections) {
            if (byBlock.length != spec.layout().blocks()) {
                throw new IllegalArgumentException(
                        byBlock.length + " row selections for " + spec.layout().blocks() + " blocks");
            }
        }
        this.inferenceRows = List.of(selections);
    }

    /** n[block][row]: training steps in which each row was active since the last call. */
    public int[][] takeRowSteps() {
        return activity.takeSteps();
    }

    @Override
    public TrainingConfig getConfig() {
        return new LayerTraining(layerConf(), activity);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(false);
        releasePass();
        TokenBatch batch = tokenBatch(input, maskArray);
        return training ? train(batch, workspaceMgr) : infer(batch, workspaceMgr);
    }

    private INDArray train(TokenBatch batch, LayerWorkspaceMgr workspaceMgr) {
        INDArray output = output(batch.size(), workspaceMgr);
        adapters = uploadAdapters();
        try (Tensor pooled = passes.train(batch, step(), adapters)) {
            passes.kernels().download(pooled, output);
        }
        return output;
    }

    private EncoderPasses.Step step() {
        return new EncoderPasses.Step(getIterationCount(), worker);
    }

    private Tensor uploadAdapters() {
        return passes.kernels().upload(paramsFlattened.reshape(paramsFlattened.length()));
    }

    private INDArray infer(TokenBatch batch, LayerWorkspaceMgr workspaceMgr) {
        int size = batch.size();
        INDArray output = output(inferenceRows.size() * size, workspaceMgr);
        try (Tensor values = uploadAdapters()) {
            passes.infer(batch, inferenceRows, values, (selection, pooled) -> passes.kernels()
                    .download(
                            pooled,
                            output.get(
                                    NDArrayIndex.interval(selection * size, (selection + 1) * size),
                                    NDArrayIndex.all())));
        }
        return output;
    }

    private INDArray output(int examples, LayerWorkspaceMgr workspaceMgr) {
        return workspaceMgr.createUninitialized(
                ArrayType.ACTIVATIONS, dataType, examples, spec.model().hiddenSize());
    }

    /**
     * Makes the training forward pass of the current step once more, looking at each block's output.
     *
     * @param tokens [B,2,T] token and type ids
     * @param mask [B,T]
     * @return the first block whose output is not finite; −1 where the embeddings are not, the number of blocks where
     *     all is finite
     */
    public int firstNotFinite(INDArray tokens, INDArray mask) {
        try (Tensor values = uploadAdapters()) {
            return passes.firstNotFinite(tokenBatch(tokens, mask), step(), values);
        }
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        Kernels kernels = passes.kernels();
        try (Tensor dPooled = kernels.upload(epsilon);
                Tensor gradients = kernels.allocateSingle(gradientsFlattened.length())) {
            kernels.fill(gradients, 0);
            passes.backward(dPooled, gradients);
            kernels.download(gradients, gradientsFlattened);
        }
        releasePass();
        Gradient gradient = new DefaultGradient(gradientsFlattened);
        gradientViews.forEach(gradient::setGradientFor);
        return new Pair<>(gradient, null);
    }

    static TokenBatch tokenBatch(INDArray input, @Nullable INDArray maskArray) {
        int size = (int) input.size(0);
        int tokens = (int) input.size(2);
        int[] both = input.dup('c').data().asInt();
        int[] ids = new int[size * tokens];
        int[] types = new int[size * tokens];
        for (int b = 0; b < size; b++) {
            System.arraycopy(both, 2 * b * tokens, ids, b * tokens, tokens);
            System.arraycopy(both, (2 * b + 1) * tokens, types, b * tokens, tokens);
        }
        int[] lengths = new int[size];
        if (maskArray == null) {
            Arrays.fill(lengths, tokens);
        } else {
            int[] mask = maskArray.dup('c').data().asInt();
            for (int i = 0; i < mask.length; i++) {
                lengths[i / tokens] += mask[i];
            }
        }
        return new TokenBatch(ids, types, lengths, tokens);
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(INDArray mask, MaskState state, int minibatchSize) {
        setMaskArray(mask);
        // One vector for each example is left: nothing above has tokens to mask.
        return new Pair<>(null, state);
    }

    @Override
    public void clear() {
        super.clear();
        releasePass();
    }

    private void releasePass() {
        passes.release();
        if (adapters != null) {
            adapters.close();
            adapters = null;
        }
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    /** Lends the memory of the layer's kernels to other layers, until the next pass. */
    void rest() {
        releasePass();
        passes.rest();
    }

    /** Releases the memory of the layer's kernels; the layer is of no use afterwards. */
    @Override
    public void close() {
        releasePass();
        passes.close();
    }
}
