package org.erat.model;

import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.annotation.Nullable;
import org.erat.adapter.Adapters;
import org.erat.compute.Attention.Shape;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.config.Activations;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.data.safetensors.Dtype;
import org.erat.data.tokenized.Batch;

/**
 * A frozen transformer with adapters: embeddings, blocks and, where norms stand before their parts, a last norm; forward
 * and backward. Confined to one thread, as its {@link Kernels} are.
 */
public final class Transformer {
    private final Kernels kernels;
    private final TransformerWeights weights;
    private final Architecture architecture;
    private final Activations activations;

    @Nullable
    private final Norm embeddingNorm;

    @Nullable
    private final Norm finalNorm;

    private final List<Block> blocks = new ArrayList<>();

    /**
     * @param activations how much training keeps of a forward pass: of a block that is not kept its input stays, and its
     *     forward pass runs once more, to the same bits, before its backward pass
     */
    public Transformer(Kernels kernels, TransformerWeights weights, Activations activations) {
        this.kernels = kernels;
        this.weights = weights;
        this.architecture = weights.architecture();
        this.activations = activations;
        this.embeddingNorm = norm(weights.embeddingNorm());
        this.finalNorm = norm(weights.finalNorm());
        for (TransformerWeights.BlockWeights block : weights.blocks()) {
            blocks.add(new Block(kernels, architecture, block, weights.angles(blocks.size())));
        }
    }

    @Nullable
    private Norm norm(@Nullable TransformerWeights.NormWeights ofModel) {
        return ofModel == null ? null : new Norm(kernels, architecture.norm(), ofModel);
    }

    public Architecture architecture() {
        return architecture;
    }

    /** A forward pass in training: the last hidden states, and what the backward pass needs. Closing it releases both. */
    public static final class Pass implements AutoCloseable {
        private final Tensor hidden;
        private final Shape shape;
        private final Adapters adapters;
        private final List<Kept> blocks;
        private final BlockPass end;

        private Pass(Tensor hidden, Shape shape, Adapters adapters, List<Kept> blocks, BlockPass end) {
            this.hidden = hidden;
            this.shape = shape;
            this.adapters = adapters;
            this.blocks = blocks;
            this.end = end;
        }

        /** The last hidden states [N,H]. */
        public Tensor hidden() {
            return hidden;
        }

        @Override
        public void close() {
            hidden.close();
            blocks.forEach(Kept::close);
            end.close();
        }
    }

    /** What is kept of a block: all that its backward pass needs, or its input [N,H] alone. */
    private sealed interface Kept extends AutoCloseable {
        @Override
        void close();
    }

    private record KeptPass(BlockPass pass) implements Kept {
        @Override
        public void close() {
            pass.close();
        }
    }

    private record KeptInput(Tensor x) implements Kept {
        @Override
        public void close() {
            x.close();
        }
    }

    /** Runs all blocks and keeps what {@link #backward} needs. */
    public Pass forward(Batch batch, Adapters adapters) {
        Shape shape = shape(batch);
        Tensor x = embed(batch);
        List<Kept> kept = new ArrayList<>();
        int firstKept = blocks.size() - size(batch, adapters).keptBlocks(activations);
        for (int block = 0; block < blocks.size(); block++) {
            if (block < firstKept) {
                kept.add(new KeptInput(kernels.pointwise().copy(x)));
                x = forward(block, x, adapters, shape);
            } else {
                BlockPass pass = new BlockPass(kernels, block, adapters, shape(shape, block), true);
                kept.add(new KeptPass(pass));
                x = blocks.get(block).forward(x, pass);
            }
        }
        BlockPass end = BlockPass.afterTheBlocks(shape, true);
        return new Pass(normalize(x, end), shape, adapters, kept, end);
    }

    private PassSize size(Batch batch, Adapters adapters) {
        return PassSize.of(
                architecture,
                adapters.layout().projections(),
                adapters.layout().rank(),
                batch.size(),
                batch.tokens(),
                kernels.memory().activations());
    }

    /** The norm after the last block, if the model has one. */
    private Tensor normalize(Tensor x, BlockPass end) {
        if (finalNorm == null) {
            return x;
        }
        Tensor y = finalNorm.forward(x, end);
        end.release(x);
        return y;
    }

    /** A block without a backward pass. */
    private Tensor forward(int block, Tensor x, Adapters adapters, Shape shape) {
        try (BlockPass pass = new BlockPass(kernels, block, adapters, shape(shape, block), false)) {
            return blocks.get(block).forward(x, pass);
        }
    }

    /**
     * Adds the gradients of all adapters. Ends at the lowest adapter: nothing below it is computed.
     *
     * @param dHidden gradient of the pass's {@link Pass#hidden}, [N,H], in the dtype of activations; closed
     */
    public void backward(Pass pass, Tensor dHidden, Gradients gradients) {
        Tensor dy = dHidden;
        if (finalNorm != null) {
            dy = finalNorm.backward(dHidden, pass.end);
            dHidden.close();
        }
        for (int block = blocks.size() - 1; block >= 0; block--) {
            try (BlockPass blockPass = blockPass(pass, block)) {
                dy = blocks.get(block).backward(dy, block > 0, blockPass, gradients);
            }
        }
    }

    private BlockPass blockPass(Pass pass, int block) {
        if (pass.blocks.get(block) instanceof KeptPass kept) {
            return kept.pass();
        }
        BlockPass again = new BlockPass(kernels, block, pass.adapters, shape(pass.shape, block), true);
        Tensor x = kernels.pointwise().copy(((KeptInput) pass.blocks.get(block)).x());
        blocks.get(block).forward(x, again).close();
        return again;
    }

    /** Takes the last hidden states at one selection of rows. */
    @FunctionalInterface
    public interface HiddenBySelection {
        /**
         * Takes them.
         *
         * @param hidden [N,H], closed by the caller
         */
        void accept(int selection, Tensor hidden);
    }

    /**
     * Inference at several selections of the adapters' rows. What no adapter changes, the embeddings and the frozen part
     * of the first block's query, key and value, runs once.
     */
    public void infer(Batch batch, List<Adapters> selections, HiddenBySelection output) {
        Shape shape = shape(batch);
        try (Tensor embedded = embed(batch);
                Tensor projected = blocks.get(0).project(embedded, kernels)) {
            for (int selection = 0; selection < selections.size(); selection++) {
                Adapters adapters = selections.get(selection);
                Tensor x = kernels.pointwise().copy(embedded);
                try (BlockPass pass = new BlockPass(kernels, 0, adapters, shape(shape, 0), false)) {
                    pass.projected = kernels.pointwise().copy(projected);
                    x = blocks.get(0).forward(x, pass);
                }
                for (int block = 1; block < blocks.size(); block++) {
                    x = forward(block, x, adapters, shape);
                }
                try (BlockPass end = BlockPass.afterTheBlocks(shape, false);
                        Tensor hidden = normalize(x, end)) {
                    output.accept(selection, hidden);
                }
            }
        }
    }

    /**
     * Reads prompts: a forward pass without a backward pass that keeps keys and values for {@link #decode}.
     *
     * @param prompts whose tokens are read; targets are not
     */
    public Prefilled prefill(Batch prompts, Adapters adapters) {
        KeyValueCache cache = new KeyValueCache(kernels, architecture, prompts.lengths());
        Shape shape = shape(prompts);
        Tensor x = embed(prompts);
        for (int block = 0; block < blocks.size(); block++) {
            try (BlockPass pass = BlockPass.prefill(kernels, block, adapters, shape(shape, block), cache)) {
                x = blocks.get(block).forward(x, pass);
            }
        }
        return new Prefilled(normalize(x, BlockPass.afterTheBlocks(shape, false)), cache);
    }

    /**
     * What reading prompts gives. Both are the caller's to close.
     *
     * @param hidden the last hidden states [N,H]
     */
    public record Prefilled(Tensor hidden, KeyValueCache cache) {}

    /**
     * Reads k more tokens of each sequence, 1 or more. Each sees itself and all before it, but for a window of the model.
     *
     * @param tokenIds [k·S], the next one of all sequences before the one after it of any
     * @param typeId of these tokens
     * @param cache of the tokens before; has these as well afterwards
     * @return the last hidden states [k·S,H]
     */
    public Tensor decode(int[] tokenIds, int typeId, Adapters adapters, KeyValueCache cache) {
        cache.advance(tokenIds.length / cache.sequences());
        int[] types = new int[tokenIds.length];
        Arrays.fill(types, typeId);
        Tensor x = embed(tokenIds, types, architecture.positionRows(cache.positions()));
        for (int block = 0; block < blocks.size(); block++) {
            try (BlockPass pass = BlockPass.decode(kernels, block, adapters, cache)) {
                x = blocks.get(block).forward(x, pass);
            }
        }
        return normalize(x, BlockPass.afterTheBlocks(cache.shape(blocks.size() - 1), false));
    }

    /**
     * Runs the blocks until one gives a value that is not finite: a search, far slower than {@link #forward}.
     *
     * @return that block; −1 where the embeddings are not finite, the number of blocks where all is
     */
    public int firstNotFinite(Batch batch, Adapters adapters) {
        Shape shape = shape(batch);
        Tensor x = embed(batch);
        int block = -1;
        while (isFinite(x) && ++block < blocks.size()) {
            x = forward(block, x, adapters, shape);
        }
        x.close();
        return block;
    }

    private boolean isFinite(Tensor tensor) {
        int size = Math.toIntExact(tensor.shape()[0] * tensor.shape()[1]);
        Buffer values =
                kernels.memory().single() == Dtype.F64 ? DoubleBuffer.allocate(size) : FloatBuffer.allocate(size);
        kernels.memory().download(tensor, values);
        for (int i = 0; i < size; i++) {
            double value = values instanceof FloatBuffer floats ? floats.get(i) : ((DoubleBuffer) values).get(i);
            if (!Double.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    /** In the first block. */
    private Shape shape(Batch batch) {
        Architecture.Heads heads = architecture.heads();
        return new Shape(
                batch.size(),
                batch.tokens(),
                heads.query(),
                heads.keyValue(),
                heads.width(),
                architecture.mask(0),
                batch.lengths(),
                batch.arrangement() == null ? null : batch.arrangement().visibility());
    }

    /** The same in a block. */
    private Shape shape(Shape ofBatch, int block) {
        return ofBatch.with(architecture.mask(block));
    }

    private int[] positionRows(Batch batch) {
        if (batch.arrangement() == null) {
            return architecture.positionRows(batch.tokenIds(), batch.tokens());
        }
        if (architecture.positions() instanceof Positions.Rotary) {
            throw new IllegalArgumentException("Rotary positions are the order of the tokens, and cannot be arranged");
        }
        return architecture.positionRows(batch.arrangement().positions());
    }

    private Tensor embed(Batch batch) {
        return embed(batch.tokenIds(), batch.typeIds(), positionRows(batch));
    }

    private Tensor embed(int[] tokenIds, int[] typeIds, int[] positionRows) {
        Tensor sum = kernels.tokens()
                .embeddings(weights.words(), weights.positions(), weights.types(), tokenIds, typeIds, positionRows);
        Tensor embedded = embeddingNorm == null ? sum : embeddingNorm.apply(sum);
        if (weights.embeddingProjection() == null) {
            return embedded;
        }
        try (Tensor narrow = embedded) {
            return kernels.matrices().linear(narrow, weights.embeddingProjection());
        }
    }
}
