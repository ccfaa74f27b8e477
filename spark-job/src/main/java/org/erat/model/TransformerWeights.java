package org.erat.model;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import javax.annotation.Nullable;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.safetensors.SafetensorsFile;

/**
 * The frozen weights of a transformer in the layout of a {@link Backend}. Immutable; shared by all tasks of a JVM.
 *
 * @param architecture what they belong to
 * @param words [V,E] word embeddings
 * @param positions [P,E] position embeddings, or null for a model without
 * @param angles [P·D] cosines and sines of rotary position embeddings, for each rotation; empty for a model without
 * @param types [·,E] token type embeddings, or null for a model without
 * @param embeddingNorm of the sum of the embeddings, or null for a model without
 * @param embeddingProjection [H,E] from there to hidden states, or null for a model whose embeddings have their width
 * @param blocks the L blocks
 * @param finalNorm after the last block, or null for a model without
 */
public record TransformerWeights(
        Architecture architecture,
        Tensor words,
        @Nullable Tensor positions,
        Map<Positions.Rotation, Tensor> angles,
        @Nullable Tensor types,
        @Nullable NormWeights embeddingNorm,
        @Nullable FrozenLinear embeddingProjection,
        List<BlockWeights> blocks,
        @Nullable NormWeights finalNorm)
        implements AutoCloseable {
    /**
     * A norm.
     *
     * @param weight [H]
     * @param bias [H], or null where the norm has none
     */
    public record NormWeights(Tensor weight, @Nullable Tensor bias) implements AutoCloseable {
        @Override
        public void close() {
            weight.close();
            if (bias != null) {
                bias.close();
            }
        }
    }

    /**
     * One block.
     *
     * @param queryKeyValue [(A+2K)·D,H]: query, key and value stacked, so that one product serves all three
     * @param queryNorm [D] of the heads of the query, or null for a model without
     * @param keyNorm [D] of the heads of the key, or null for a model without
     * @param attentionOutput [H,A·D]
     * @param attentionNorm of the attention, or null for a block without
     * @param gate [F,H], or null for a feed-forward part without
     * @param intermediate [F,H]
     * @param output [H,F]
     */
    public record BlockWeights(
            FrozenLinear queryKeyValue,
            @Nullable NormWeights queryNorm,
            @Nullable NormWeights keyNorm,
            FrozenLinear attentionOutput,
            @Nullable NormWeights attentionNorm,
            @Nullable FrozenLinear gate,
            FrozenLinear intermediate,
            FrozenLinear output,
            NormWeights feedForwardNorm)
            implements AutoCloseable {
        @Override
        public void close() {
            Stream.of(queryKeyValue, attentionOutput, gate, intermediate, output)
                    .filter(Objects::nonNull)
                    .forEach(FrozenLinear::close);
            Stream.of(queryNorm, keyNorm, attentionNorm, feedForwardNorm)
                    .filter(Objects::nonNull)
                    .forEach(NormWeights::close);
        }
    }

    /** Lays out the tensors of {@code file}, which must stay open as long as the weights are in use. */
    public static TransformerWeights of(
            Architecture architecture, Family family, SafetensorsFile file, Backend backend) {
        Reader reader = new Reader(architecture, family, file, backend);
        List<BlockWeights> blocks = new ArrayList<>();
        for (int block = 0; block < architecture.blocks(); block++) {
            blocks.add(reader.block(block));
        }
        return new TransformerWeights(
                architecture,
                reader.table(family.wordEmbeddings(), architecture.vocabulary()),
                family.positionEmbeddings()
                        .map(name -> reader.table(name, architecture.positions().rows()))
                        .orElse(null),
                RotaryEmbedding.angles(architecture, backend),
                family.tokenTypeEmbeddings()
                        .map(name -> reader.table(name, architecture.tokenTypes()))
                        .orElse(null),
                family.embeddingNorm()
                        .map(name -> reader.norm(name, architecture.embeddingWidth()))
                        .orElse(null),
                architecture.projectsEmbeddings() ? reader.linear(family.embeddingProjection()) : null,
                List.copyOf(blocks),
                family.finalNorm().map(reader::norm).orElse(null));
    }

    /** Those of a block, [P·D], or null for a model without. */
    @Nullable
    Tensor angles(int block) {
        return architecture.positions() instanceof Positions.Rotary rotary ? angles.get(rotary.rotation(block)) : null;
    }

    /** Frees the memory that the backend holds for them. Nothing may use them afterwards. */
    @Override
    public void close() {
        Stream.of(words, positions, types).filter(Objects::nonNull).forEach(Tensor::close);
        angles.values().forEach(Tensor::close);
        if (embeddingProjection != null) {
            embeddingProjection.close();
        }
        Stream.of(embeddingNorm, finalNorm).filter(Objects::nonNull).forEach(NormWeights::close);
        blocks.forEach(BlockWeights::close);
    }

    private record Reader(Architecture architecture, Family family, SafetensorsFile file, Backend backend) {
        BlockWeights block(int block) {
            return new BlockWeights(
                    linear(block, Projection.QUERY, Projection.KEY, Projection.VALUE),
                    headNorm(block, Projection.QUERY),
                    headNorm(block, Projection.KEY),
                    linear(block, Projection.ATTENTION_OUTPUT),
                    family.hasAttentionNorm(block) ? norm(family.attentionNorm(block)) : null,
                    architecture.feedForward().gated() ? linear(block, Projection.GATE) : null,
                    linear(block, Projection.INTERMEDIATE),
                    linear(block, Projection.OUTPUT),
                    norm(family.feedForwardNorm(block)));
        }

        FrozenLinear linear(int block, Projection... stacked) {
            return backend.frozenLinear(
                    Stream.of(stacked).map(p -> weight(block, p)).toList(),
                    Stream.of(stacked).map(p -> bias(block, p)).toArray(FloatBuffer[]::new),
                    architecture.in(stacked[0]));
        }

        /** The map from the embeddings to the hidden states. */
        FrozenLinear linear(String name) {
            int out = architecture.width();
            int in = architecture.embeddingWidth();
            return backend.frozenLinear(
                    new FloatBuffer[] {values(ModelTensors.weight(name), out, in)},
                    new FloatBuffer[] {values(ModelTensors.bias(name), out)},
                    in);
        }

        /** Zeros where there is none: a product adds its bias while it writes its result, at no cost. */
        private FloatBuffer bias(int block, Projection projection) {
            int out = architecture.out(projection);
            return architecture.biases().on(projection)
                    ? values(ModelTensors.bias(family.projection(block, projection)), out)
                    : FloatBuffer.allocate(out);
        }

        /** A norm of heads, or null where they have none. */
        @Nullable
        private NormWeights headNorm(int block, Projection projection) {
            if (!architecture.hasHeadNorm(projection)) {
                return null;
            }
            int width = architecture.heads().width();
            String name = ModelTensors.weight(family.headNorm(block, projection));
            return new NormWeights(backend.frozen(values(name, width), width), null);
        }

        NormWeights norm(String name) {
            return norm(name, architecture.width());
        }

        NormWeights norm(String name, int width) {
            return new NormWeights(
                    backend.frozen(values(ModelTensors.weight(name), width), width), biasOfNorm(name, width));
        }

        /** Zeros for a layer normalization that has none, and null for what takes none. */
        @Nullable
        private Tensor biasOfNorm(String name, int width) {
            Architecture.Norm.Kind kind = architecture.norm().kind();
            if (!kind.centers()) {
                return null;
            }
            return backend.frozen(
                    kind.hasBias() ? values(ModelTensors.bias(name), width) : FloatBuffer.allocate(width), width);
        }

        Tensor table(String name, int rows) {
            int width = architecture.embeddingWidth();
            return backend.frozen(values(name, rows, width), rows, width);
        }

        private FrozenValues weight(int block, Projection projection) {
            String tensor = ModelTensors.weight(family.projection(block, projection));
            int out = architecture.out(projection);
            int in = architecture.in(projection);
            file.require(tensor, out, in);
            return new FrozenValues() {
                @Override
                public int size() {
                    return out * in;
                }

                @Override
                public void copyTo(FloatBuffer into) {
                    file.read(tensor, into);
                }

                @Override
                public FloatBuffer inPlace() {
                    return file.floats(tensor);
                }
            };
        }

        private FloatBuffer values(String name, long... shape) {
            file.require(name, shape);
            return file.floats(name);
        }
    }
}
