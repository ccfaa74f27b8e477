package org.erat.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.Projection;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.Batch;

/**
 * A transformer of any family with bidirectional attention, exact GELU and norms behind their parts, in libtorch's
 * operations: frozen weights and activations of one dtype. B examples, T tokens, H width.
 */
public final class TorchTransformer {
    private final Architecture architecture;
    private final Family family;
    private final Precision precision;
    private final Map<String, NDArray> weights = new HashMap<>();
    private final TorchScript attention;
    private final TorchScript maskedAttention;
    private final TorchScript toF32;
    private final TorchScript toDtype;

    /** What a caller adds to the output of a projection: its adapter. */
    @FunctionalInterface
    public interface Adapters {
        /**
         * The output of a projection with its adapter.
         *
         * @param y [B,T,out] the output of the frozen projection
         * @param x [B,T,in] its input
         */
        NDArray adapt(NDArray y, NDArray x, int block, Projection projection);
    }

    /**
     * Loads the weights.
     *
     * @param manager holds them; they end with it
     * @param precision F32, BF16 or F64: dtype of weights and activations
     */
    public TorchTransformer(
            NDManager manager, SafetensorsFile tensors, Architecture architecture, Precision precision) {
        this.architecture = architecture;
        this.family = Families.of(architecture);
        this.precision = precision;
        this.attention = new TorchScript(manager, "torch.scaled_dot_product_attention(q, k, v)", "q", "k", "v");
        this.maskedAttention =
                new TorchScript(manager, "torch.scaled_dot_product_attention(q, k, v, mask)", "q", "k", "v", "mask");
        // DJL ends the process at an array of bf16 that it is asked the type of; the numbers are libtorch's own.
        this.toF32 = new TorchScript(manager, "torch.to(x, 6)", "x");
        this.toDtype = new TorchScript(manager, "torch.to(x, " + (precision == Precision.BF16 ? 15 : 7) + ")", "x");
        try (NDManager loading = manager.newSubManager()) {
            for (String name : tensors.names()) {
                FloatBuffer values = tensors.floats(name).duplicate();
                float[] copy = new float[values.remaining()];
                values.get(copy);
                NDArray weight = cast(
                        manager,
                        loading.create(copy, new Shape(tensors.info(name).shape())));
                weight.attach(manager);
                weights.put(name, weight);
            }
        }
    }

    /** The f32 array itself, or a copy in this transformer's dtype that ends with {@code scope}. */
    public NDArray cast(NDManager scope, NDArray array) {
        return precision == Precision.F32 ? array : toDtype.apply(scope, array);
    }

    /** Means of the last hidden states over the tokens of each example, [B,H] in f32, or f64 where all is. */
    public NDArray pooled(NDManager scope, Batch batch, Adapters adapters) {
        NDArray x = hidden(scope, batch, adapters);
        x = precision == Precision.BF16 ? toF32.apply(scope, x) : x;
        NDArray column = valid(scope, batch).reshape(new Shape(batch.size(), batch.tokens(), 1));
        column = precision == Precision.F64 ? cast(scope, column) : column;
        NDArray sum = isPadded(batch) ? x.mul(column).sum(new int[] {1}) : x.sum(new int[] {1});
        return sum.div(column.sum(new int[] {1}));
    }

    /** The last hidden states [B,T,H]; what stands in the padding means nothing. */
    public NDArray hidden(NDManager scope, Batch batch, Adapters adapters) {
        NDArray mask = isPadded(batch) ? mask(scope, batch) : null;
        NDArray x = embeddings(scope, batch);
        for (int block = 0; block < architecture.blocks(); block++) {
            // What a block needs no more is freed at its end, as in a Python program; autograd keeps what it needs.
            try (NDManager inner = scope.newSubManager()) {
                NDArray in = x;
                x.attach(inner);
                x = block(inner, in, block, adapters, mask);
                x.attach(scope);
            }
        }
        return x;
    }

    private static boolean isPadded(Batch batch) {
        return batch.tokenCount() < batch.tokenIds().length;
    }

    /** 0 for a token and −1e9 for padding, [B,1,1,T], to be added to the scores. */
    private NDArray mask(NDManager scope, Batch batch) {
        NDArray mask = valid(scope, batch)
                .sub(scope.ones(new Shape(1)))
                .mul(scope.create(1e9f))
                .reshape(new Shape(batch.size(), 1, 1, batch.tokens()));
        return cast(scope, mask);
    }

    /** 1 for a token and 0 for padding, [B,T]. */
    private static NDArray valid(NDManager scope, Batch batch) {
        float[] valid = new float[batch.tokenIds().length];
        for (int i = 0; i < valid.length; i++) {
            valid[i] = i % batch.tokens() < batch.lengths()[i / batch.tokens()] ? 1 : 0;
        }
        return scope.create(valid, new Shape(batch.size(), batch.tokens()));
    }

    private NDArray block(NDManager scope, NDArray x, int block, Adapters adapters, NDArray mask) {
        NDArray query = heads(projection(x, block, Projection.QUERY, adapters));
        NDArray key = heads(projection(x, block, Projection.KEY, adapters));
        NDArray value = heads(projection(x, block, Projection.VALUE, adapters));
        NDArray perHead = mask == null
                ? attention.apply(scope, query, key, value)
                : maskedAttention.apply(scope, query, key, value, mask);
        NDArray context = perHead.transpose(0, 2, 1, 3).reshape(x.getShape());
        NDArray attended = projection(context, block, Projection.ATTENTION_OUTPUT, adapters);
        NDArray hidden = norm(attended.add(x), family.attentionNorm(block));
        NDArray activated = Activation.gelu(projection(hidden, block, Projection.INTERMEDIATE, adapters));
        NDArray fed = projection(activated, block, Projection.OUTPUT, adapters);
        return norm(fed.add(hidden), family.feedForwardNorm(block));
    }

    private NDArray heads(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), architecture.heads().query(), -1)
                .transpose(0, 2, 1, 3);
    }

    private NDArray projection(NDArray x, int block, Projection projection, Adapters adapters) {
        String name = family.projection(block, projection);
        NDArray y = Linear.linear(x, weights.get(name + ".weight"), weights.get(name + ".bias"))
                .singletonOrThrow();
        return adapters.adapt(y, x, block, projection);
    }

    private NDArray norm(NDArray x, String name) {
        return LayerNorm.layerNorm(
                        x,
                        new Shape(architecture.width()),
                        weights.get(name + ".weight"),
                        weights.get(name + ".bias"),
                        (float) architecture.norm().epsilon())
                .singletonOrThrow();
    }

    private NDArray embeddings(NDManager scope, Batch batch) {
        NDArray sum = rows(scope, family.wordEmbeddings(), batch.tokenIds(), batch)
                .add(rows(scope, family.positionEmbeddings().orElseThrow(), positions(scope, batch), batch));
        if (family.tokenTypeEmbeddings().isPresent()) {
            sum = sum.add(rows(scope, family.tokenTypeEmbeddings().get(), batch.typeIds(), batch));
        }
        return norm(sum, family.embeddingNorm().orElseThrow());
    }

    /** RoBERTa's are those of create_position_ids_from_input_ids in the transformers library. */
    private int[] positions(NDManager scope, Batch batch) {
        if (!architecture.family().equals("roberta")) {
            return IntStream.range(0, batch.tokenIds().length)
                    .map(i -> i % batch.tokens())
                    .toArray();
        }
        NDArray real = scope.create(batch.tokenIds(), new Shape(batch.size(), batch.tokens()))
                .neq(architecture.padTokenId())
                .toType(DataType.INT32, false);
        return real.cumSum(1)
                .toType(DataType.INT32, false)
                .mul(real)
                .add(architecture.padTokenId())
                .toIntArray();
    }

    private NDArray rows(NDManager scope, String table, int[] ids, Batch batch) {
        long[] wide = Arrays.stream(ids).asLongStream().toArray();
        NDArray index = scope.create(wide, new Shape(wide.length));
        return index.getNDArrayInternal()
                .embedding(index, weights.get(table), SparseFormat.DENSE)
                .singletonOrThrow()
                .reshape(batch.size(), batch.tokens(), -1);
    }
}
