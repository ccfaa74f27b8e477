package org.erat.network;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.annotation.Nullable;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Target;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Tensor;
import org.erat.model.BaseWeightStore;
import org.erat.model.BlockAdapters;
import org.erat.model.Encoder;
import org.erat.model.GradientSink;
import org.erat.model.TokenBatch;
import org.erat.schedule.CounterRandom;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The encoder as a Deeplearning4j layer. In training, the windows are those of the schedule at the layer's iteration
 * count and worker; in inference they are those of {@link #useRows}, by default the whole of every adapter.
 *
 * <p>Base weights and scratch memory are taken at the first pass: a process that only plans or averages, as the driver
 * does, never reads a weight.
 */
public final class EncoderLayer extends BaseLayer<EncoderLayerConf> implements AutoCloseable {
    // Keys of dropout masks and of windows must differ.
    private static final long DROPOUT = 0x64726f706f757400L;

    private final EncoderSpec spec;
    private final AdapterLayout layout;
    private final StepWindows windows;
    private final RowActivity activity;
    private int worker;
    private List<RowSelection[]> inferenceRows;

    @Nullable
    private Kernels kernels;

    @Nullable
    private Encoder encoder;

    @Nullable
    private Encoder.Pass pass;

    EncoderLayer(NeuralNetConfiguration conf, DataType dataType, EncoderSpec spec, RowActivity activity) {
        super(conf, dataType);
        this.spec = spec;
        this.layout = spec.layout();
        this.activity = activity;
        this.windows = new StepWindows(spec.rankSchedule(), spec.schedule());
        this.inferenceRows = List.<RowSelection[]>of(windows.whole());
    }

    private void open() {
        if (encoder == null) {
            BaseWeightStore.Loaded base = BaseWeightStore.load(
                    spec.modelUri(),
                    spec.modelSha256(),
                    dataType == DataType.DOUBLE ? BaseWeightStore.DOUBLE : spec.precision(),
                    spec.device(),
                    spec.weights());
            kernels = base.backend().open(spec.threads());
            encoder = new Encoder(kernels, base.weights(), spec.activations().equals("recomputed"));
        }
    }

    /** The specification this layer was made from. */
    public EncoderSpec spec() {
        return spec;
    }

    /** The worker whose windows training draws, where workers draw their own. */
    public void setWorker(int worker) {
        this.worker = worker;
    }

    /**
     * Rows that inference uses from here on, by block. With several selections the output is that of the first, then that
     * of the second and so on, [S·B,H]: what no adapter changes is computed once.
     */
    public void useRows(RowSelection[]... selections) {
        for (RowSelection[] byBlock : selections) {
            if (byBlock.length != layout.blocks()) {
                throw new IllegalArgumentException(
                        byBlock.length + " row selections for " + layout.blocks() + " blocks");
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
        open();
        TokenBatch batch = tokenBatch(input, maskArray);
        return training ? train(batch, workspaceMgr) : infer(batch, workspaceMgr);
    }

    private INDArray train(TokenBatch batch, LayerWorkspaceMgr workspaceMgr) {
        RowSelection[] rows = windows.draw(getIterationCount(), worker, batch.size());
        windows.markActive(activity, rows);
        pass = encoder.forward(batch, block -> adapters(block, rows[block], batch.tokens(), spec.dropout()));
        INDArray output = output(batch.size(), workspaceMgr);
        try (Tensor pooled = pool(pass.hidden(), pass.shape())) {
            kernels.download(pooled, output);
        }
        return output;
    }

    private INDArray infer(TokenBatch batch, LayerWorkspaceMgr workspaceMgr) {
        INDArray output = output(inferenceRows.size() * batch.size(), workspaceMgr);
        encoder.infer(
                batch,
                inferenceRows.size(),
                (selection, block) -> adapters(block, inferenceRows.get(selection)[block], batch.tokens(), 0),
                (selection, hidden, shape) -> {
                    int first = selection * batch.size();
                    try (Tensor pooled = pool(hidden, shape)) {
                        kernels.download(
                                pooled,
                                output.get(NDArrayIndex.interval(first, first + batch.size()), NDArrayIndex.all()));
                    }
                });
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
        open();
        TokenBatch batch = tokenBatch(tokens, mask);
        RowSelection[] rows = windows.draw(getIterationCount(), worker, batch.size());
        return encoder.firstNotFinite(batch, block -> adapters(block, rows[block], batch.tokens(), spec.dropout()));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        if (pass == null) {
            throw new IllegalStateException("A backward pass needs a forward pass in training mode before it");
        }
        gradientsFlattened.assign(0);
        try (Encoder.Pass current = pass;
                Tensor dPooled = kernels.upload(epsilon)) {
            pass = null;
            encoder.backward(current, unpool(dPooled, current), new IntoGradientViews());
        }
        activity.countStep();
        Gradient gradient = new DefaultGradient(gradientsFlattened);
        gradientViews.forEach(gradient::setGradientFor);
        return new Pair<>(gradient, null);
    }

    /** Copies each gradient to its rows of the flat gradient vector. */
    private final class IntoGradientViews implements GradientSink {
        @Override
        public void accept(int block, Target target, LowRankAdapter.Gradient gradient) {
            AdapterLayout.Slot slot = slot(block, target);
            RowSelection rows = windows.last(block);
            if (gradient.a() != null) {
                kernels.download(
                        gradient.a(),
                        rows(
                                gradientsFlattened,
                                slot.rowOfA(0),
                                slot.in(),
                                rows.learned().start(),
                                rows.learned().end()));
            }
            kernels.download(
                    gradient.b(),
                    rows(
                            gradientsFlattened,
                            slot.rowOfB(0),
                            slot.out(),
                            rows.learned().start(),
                            rows.learned().end()));
        }

        @Override
        public boolean freezesA() {
            return spec.freezeA();
        }
    }

    private BlockAdapters adapters(int block, RowSelection rows, int tokens, double dropout) {
        Map<Target, LowRankAdapter> byTarget = new EnumMap<>(Target.class);
        for (Target target : spec.targets()) {
            AdapterLayout.Slot slot = slot(block, target);
            int from = rows.window().start();
            int to = rows.window().end();
            byTarget.put(
                    target,
                    new LowRankAdapter(
                            kernels,
                            rows,
                            kernels.upload(rows(paramsFlattened, slot.rowOfA(0), slot.in(), from, to)),
                            kernels.upload(rows(paramsFlattened, slot.rowOfB(0), slot.out(), from, to)),
                            tokens,
                            dropout,
                            CounterRandom.key(spec.seed(), getIterationCount(), slot.offset(), worker, DROPOUT)));
        }
        return new BlockAdapters(byTarget);
    }

    private AdapterLayout.Slot slot(int block, Target target) {
        return layout.slot(block, target);
    }

    private static INDArray rows(INDArray flat, long offset, long width, int from, int to) {
        return flat.reshape(flat.length())
                .get(NDArrayIndex.interval(offset + from * width, offset + to * width))
                .reshape('c', to - from, width);
    }

    private Tensor pool(Tensor hidden, AttentionShape shape) {
        return switch (spec.pooling()) {
            case MEAN -> kernels.meanPool(hidden, shape);
            case FIRST_TOKEN -> kernels.firstToken(hidden, shape);
        };
    }

    private Tensor unpool(Tensor dPooled, Encoder.Pass current) {
        return switch (spec.pooling()) {
            case MEAN -> kernels.meanPoolBackward(dPooled, current.shape());
            case FIRST_TOKEN -> kernels.firstTokenBackward(dPooled, current.shape());
        };
    }

    private static TokenBatch tokenBatch(INDArray input, @Nullable INDArray maskArray) {
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
        if (pass != null) {
            pass.close();
            pass = null;
        }
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    /** Lends the memory of the layer's kernels to other layers, until the next pass. */
    void rest() {
        releasePass();
        if (kernels != null) {
            kernels.rest();
        }
    }

    /** Releases the memory of the layer's kernels; the layer is of no use afterwards. */
    @Override
    public void close() {
        releasePass();
        if (kernels != null) {
            kernels.close();
        }
    }
}
