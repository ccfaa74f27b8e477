package org.erat.network;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.annotation.Nullable;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.AdapterRows;
import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Target;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Tensor;
import org.erat.model.BaseWeightStore;
import org.erat.model.BlockAdapters;
import org.erat.model.Encoder;
import org.erat.model.TokenBatch;
import org.erat.schedule.CounterRandom;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The passes of an encoder layer, from token ids to one vector for each example and back to the adapters' gradients:
 * which rows of the adapters take part, and pooling. Adapters and gradients are tensors of all rows, laid out as
 * {@link AdapterLayout} says.
 *
 * <p>Base weights and scratch memory are taken at the first pass.
 */
final class EncoderPasses implements AutoCloseable {
    // Keys of dropout masks and of windows must differ.
    private static final long DROPOUT = 0x64726f706f757400L;

    private final EncoderSpec spec;
    private final DataType dataType;
    private final AdapterLayout layout;
    private final StepWindows windows;
    private final RowActivity activity;

    @Nullable
    private Kernels kernels;

    @Nullable
    private Encoder encoder;

    @Nullable
    private Encoder.Pass pass;

    EncoderPasses(EncoderSpec spec, DataType dataType, RowActivity activity) {
        this.spec = spec;
        this.dataType = dataType;
        this.layout = spec.layout();
        this.activity = activity;
        this.windows = new StepWindows(spec.rankSchedule(), spec.schedule());
    }

    /** What the passes compute with. */
    Kernels kernels() {
        if (kernels == null) {
            BaseWeightStore.Loaded base = BaseWeightStore.load(
                    spec.modelUri(),
                    spec.modelSha256(),
                    dataType == DataType.DOUBLE ? BaseWeightStore.DOUBLE : spec.precision(),
                    spec.device(),
                    spec.weights());
            kernels = base.backend().open(spec.threads());
            encoder = new Encoder(kernels, base.weights(), spec.activations().equals("recomputed"));
        }
        return kernels;
    }

    private Encoder encoder() {
        kernels();
        return encoder;
    }

    /** The whole of every adapter, by block. */
    RowSelection[] whole() {
        return windows.whole();
    }

    /** Local step and worker of a training pass: its windows and dropout masks follow from them. */
    record Step(long step, int worker) {}

    /**
     * The forward pass of a training step; the rows that learn are marked in the layer's {@link RowActivity}.
     *
     * @param adapters [n] in the format of activations, until {@link #backward}
     * @return [B,H] in single precision
     */
    Tensor train(TokenBatch batch, Step step, Tensor adapters) {
        release();
        RowSelection[] rows = windows.draw(step.step(), step.worker(), batch.size());
        windows.markActive(activity, rows);
        AdapterRows values = new AdapterRows(layout, adapters);
        pass = encoder()
                .forward(batch, block -> adapters(block, rows[block], batch.tokens(), spec.dropout(), step, values));
        return pool(pass.hidden(), pass.shape());
    }

    /**
     * The backward pass of the step just begun.
     *
     * @param dPooled [B,H]
     * @param gradient [n or more] in single precision, receives the gradients of the rows that learn; what else it holds
     *     stays
     */
    void backward(Tensor dPooled, Tensor gradient) {
        if (pass == null) {
            throw new IllegalStateException("A backward pass needs a forward pass in training mode before it");
        }
        AdapterRows gradients = new AdapterRows(layout, gradient);
        try (Encoder.Pass current = pass) {
            pass = null;
            encoder.backward(
                    current,
                    unpool(dPooled, current.shape()),
                    (block, target) -> gradient(layout.slot(block, target), windows.last(block), gradients));
        }
        activity.countStep();
    }

    private LowRankAdapter.Gradient gradient(AdapterLayout.Slot slot, RowSelection rows, AdapterRows gradients) {
        int from = rows.learned().start();
        int to = rows.learned().end();
        return new LowRankAdapter.Gradient(
                spec.freezeA() ? null : gradients.ofA(slot, from, to), gradients.ofB(slot, from, to));
    }

    /** Takes what the encoder gives at one selection of rows. */
    @FunctionalInterface
    interface PooledBySelection {
        /**
         * Takes the vectors of one selection.
         *
         * @param pooled [B,H], closed by the caller
         */
        void accept(int selection, Tensor pooled);
    }

    /**
     * Inference at several selections of rows, of each block's adapters one; what no adapter changes runs once.
     *
     * @param adapters [n] in the format of activations
     */
    void infer(TokenBatch batch, List<RowSelection[]> selections, Tensor adapters, PooledBySelection outputs) {
        AdapterRows values = new AdapterRows(layout, adapters);
        encoder()
                .infer(
                        batch,
                        selections.size(),
                        (selection, block) -> adapters(
                                block, selections.get(selection)[block], batch.tokens(), 0, new Step(0, 0), values),
                        (selection, hidden, shape) -> {
                            try (Tensor pooled = pool(hidden, shape)) {
                                outputs.accept(selection, pooled);
                            }
                        });
    }

    /**
     * Makes the forward pass of a training step, looking at each block's output.
     *
     * @param adapters [n] in the format of activations
     * @return the first block whose output is not finite; −1 where the embeddings are not, the number of blocks where
     *     all is finite
     */
    int firstNotFinite(TokenBatch batch, Step step, Tensor adapters) {
        RowSelection[] rows = windows.draw(step.step(), step.worker(), batch.size());
        AdapterRows values = new AdapterRows(layout, adapters);
        return encoder()
                .firstNotFinite(
                        batch, block -> adapters(block, rows[block], batch.tokens(), spec.dropout(), step, values));
    }

    private BlockAdapters adapters(
            int block, RowSelection rows, int tokens, double dropout, Step step, AdapterRows values) {
        Map<Target, LowRankAdapter> byTarget = new EnumMap<>(Target.class);
        for (Target target : spec.targets()) {
            AdapterLayout.Slot slot = layout.slot(block, target);
            int from = rows.window().start();
            int to = rows.window().end();
            byTarget.put(
                    target,
                    new LowRankAdapter(
                            kernels,
                            rows,
                            values.ofA(slot, from, to),
                            values.ofB(slot, from, to),
                            tokens,
                            dropout,
                            CounterRandom.key(spec.seed(), step.step(), slot.offset(), step.worker(), DROPOUT)));
        }
        return new BlockAdapters(byTarget);
    }

    private Tensor pool(Tensor hidden, AttentionShape shape) {
        return switch (spec.pooling()) {
            case MEAN -> kernels.meanPool(hidden, shape);
            case FIRST_TOKEN -> kernels.firstToken(hidden, shape);
        };
    }

    private Tensor unpool(Tensor dPooled, AttentionShape shape) {
        return switch (spec.pooling()) {
            case MEAN -> kernels.meanPoolBackward(dPooled, shape);
            case FIRST_TOKEN -> kernels.firstTokenBackward(dPooled, shape);
        };
    }

    /** Forgets a training pass that no backward pass has followed. */
    void release() {
        if (pass != null) {
            pass.close();
            pass = null;
        }
    }

    /** Lends the memory to others, until the next pass. */
    void rest() {
        release();
        if (kernels != null) {
            kernels.rest();
        }
    }

    @Override
    public void close() {
        release();
        if (kernels != null) {
            kernels.close();
        }
    }
}
