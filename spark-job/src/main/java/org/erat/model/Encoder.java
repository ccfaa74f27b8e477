package org.erat.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Tensor;
import org.erat.data.basemodel.ModelConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The forward and backward pass of an encoder with adapters. Confined to one thread, as its {@link Kernels} are. */
public final class Encoder {
    private final Kernels kernels;
    private final EncoderWeights weights;
    private final boolean recomputes;
    private final List<EncoderBlock> blocks = new ArrayList<>();

    /** An encoder that keeps what the backward pass needs. */
    public Encoder(Kernels kernels, EncoderWeights weights) {
        this(kernels, weights, false);
    }

    /**
     * @param recomputes whether training keeps no more of a block than its input, and runs its forward pass once more, to
     *     the same bits, before its backward pass
     */
    public Encoder(Kernels kernels, EncoderWeights weights, boolean recomputes) {
        this.recomputes = recomputes;
        this.kernels = kernels;
        this.weights = weights;
        for (EncoderWeights.Block block : weights.blocks()) {
            blocks.add(new EncoderBlock(
                    kernels, block, weights.activation(), weights.config().layerNormEps()));
        }
    }

    /** The architecture. */
    public ModelConfig config() {
        return weights.config();
    }

    /** One forward pass in training: the last block's output and what the backward pass needs. Closing it releases both. */
    public static final class Pass implements AutoCloseable {
        private final Tensor hidden;
        private final AttentionShape shape;
        private final IntFunction<BlockAdapters> adapters;
        private final List<Kept> blocks;

        private Pass(Tensor hidden, AttentionShape shape, IntFunction<BlockAdapters> adapters, List<Kept> blocks) {
            this.hidden = hidden;
            this.shape = shape;
            this.adapters = adapters;
            this.blocks = blocks;
        }

        /** Output of the last block, [N,H]. */
        public Tensor hidden() {
            return hidden;
        }

        /** B, T and lengths of the pass. */
        public AttentionShape shape() {
            return shape;
        }

        @Override
        public void close() {
            hidden.close();
            blocks.forEach(Kept::close);
        }
    }

    /** What is left of a block after its forward pass: all that its backward pass needs, or its input [N,H] alone. */
    private record Kept(@Nullable EncoderBlock.Saved saved, @Nullable Tensor input) {
        void close() {
            if (saved != null) {
                saved.close();
            }
            if (input != null) {
                input.close();
            }
        }
    }

    /**
     * Runs all blocks and keeps what {@link #backward} needs.
     *
     * @param adapters gives the adapters of a block, the same ones whenever it is asked; the encoder closes them
     */
    public Pass forward(TokenBatch batch, IntFunction<BlockAdapters> adapters) {
        AttentionShape shape = batch.attention(config().numAttentionHeads());
        Tensor x = embed(batch);
        List<Kept> kept = new ArrayList<>();
        for (int block = 0; block < blocks.size(); block++) {
            // The last block's backward pass comes next: nothing is won by forgetting what it needs.
            boolean forgets = recomputes && block < blocks.size() - 1;
            Tensor input = forgets ? kernels.copy(x) : null;
            Tensor qkv = blocks.get(block).project(x);
            EncoderBlock.Result result = blocks.get(block).forward(x, qkv, shape, adapters.apply(block), !forgets);
            x = result.y();
            kept.add(new Kept(result.saved(), input));
        }
        return new Pass(x, shape, adapters, kept);
    }

    /** Gives the adapters of a block at one of several selections of their rows. */
    @FunctionalInterface
    public interface AdaptersBySelection {
        /** The encoder closes them. */
        BlockAdapters of(int selection, int block);
    }

    /** Takes what the encoder gives at one selection of rows. */
    @FunctionalInterface
    public interface OutputBySelection {
        /**
         * Takes the output of one selection.
         *
         * @param hidden output of the last block, [N,H], closed by the encoder
         */
        void accept(int selection, Tensor hidden, AttentionShape shape);
    }

    /**
     * Runs all blocks at several selections of the adapters' rows, one after the other, without a backward pass. What
     * comes before the first adapter, the embeddings and the frozen part of the first block's query, key and value, runs
     * once.
     */
    public void infer(TokenBatch batch, int selections, AdaptersBySelection adapters, OutputBySelection outputs) {
        AttentionShape shape = batch.attention(config().numAttentionHeads());
        try (Tensor embedded = embed(batch);
                Tensor projected = blocks.get(0).project(embedded)) {
            for (int selection = 0; selection < selections; selection++) {
                Tensor x = kernels.copy(embedded);
                Tensor qkv = kernels.copy(projected);
                for (int block = 0; block < blocks.size(); block++) {
                    qkv = block == 0 ? qkv : blocks.get(block).project(x);
                    x = blocks.get(block)
                            .forward(x, qkv, shape, adapters.of(selection, block), false)
                            .y();
                }
                try (Tensor hidden = x) {
                    outputs.accept(selection, hidden, shape);
                }
            }
        }
    }

    /**
     * Runs the blocks until one gives a number that is not finite: a search, far slower than {@link #forward}.
     *
     * @param adapters gives the adapters of a block; the encoder closes them
     * @return that block; −1 where the embeddings are not finite, the number of blocks where all is
     */
    public int firstNotFinite(TokenBatch batch, IntFunction<BlockAdapters> adapters) {
        AttentionShape shape = batch.attention(config().numAttentionHeads());
        Tensor x = embed(batch);
        int block = -1;
        while (isFinite(x) && ++block < blocks.size()) {
            Tensor qkv = blocks.get(block).project(x);
            x = blocks.get(block)
                    .forward(x, qkv, shape, adapters.apply(block), false)
                    .y();
        }
        x.close();
        return block;
    }

    private boolean isFinite(Tensor tensor) {
        INDArray values = Nd4j.create(kernels.dataType(), tensor.shape());
        kernels.download(tensor, values);
        return Arrays.stream(values.data().asDouble()).allMatch(Double::isFinite);
    }

    /**
     * Gradients of all adapters. Ends at the lowest adapter: nothing below it is computed.
     *
     * @param dHidden gradient of the pass's {@link Pass#hidden}, [N,H]; owned from here on
     */
    public void backward(Pass pass, Tensor dHidden, GradientPlaces gradients) {
        Tensor dy = dHidden;
        for (int block = blocks.size() - 1; block >= 0; block--) {
            try (EncoderBlock.Saved saved = saved(pass, block)) {
                dy = blocks.get(block).backward(block, dy, saved, pass.shape, block > 0, gradients);
            }
        }
    }

    private EncoderBlock.Saved saved(Pass pass, int block) {
        Kept kept = pass.blocks.get(block);
        if (kept.saved() != null) {
            return kept.saved();
        }
        Tensor qkv = blocks.get(block).project(kept.input());
        EncoderBlock.Result again =
                blocks.get(block).forward(kept.input(), qkv, pass.shape, pass.adapters.apply(block), true);
        again.y().close();
        return again.saved();
    }

    private Tensor embed(TokenBatch batch) {
        int[] positions = new int[batch.tokenIds().length];
        int offset = config().positionOffset();
        for (int i = 0; i < positions.length; i++) {
            positions[i] = offset + i % batch.tokens();
        }
        Tensor sum = kernels.embeddings(
                weights.words(), weights.positions(), weights.types(), batch.tokenIds(), batch.typeIds(), positions);
        long rows = sum.shape()[0];
        try (Tensor mean = kernels.allocateSingle(rows);
                Tensor inverseDeviation = kernels.allocateSingle(rows);
                sum) {
            return kernels.layerNorm(
                    sum,
                    weights.embeddingNorm().gain(),
                    weights.embeddingNorm().bias(),
                    config().layerNormEps(),
                    mean,
                    inverseDeviation);
        }
    }
}
