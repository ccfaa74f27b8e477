package org.erat.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import javax.annotation.Nullable;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.Batch;

/**
 * A transformer of any family whose blocks are alike, with a mask that is bidirectional or causal without a window, in libtorch's operations: frozen
 * weights and activations of one dtype. B examples, T tokens, H width, A query heads, K key/value heads of width D.
 * Query, key and value are one product where the family's checkpoints store them as one.
 */
public final class TorchTransformer {
    private static final List<Projection> QUERY_KEY_VALUE = List.of(Projection.QUERY, Projection.KEY, Projection.VALUE);

    private final Architecture architecture;
    private final Family family;
    private final Precision precision;
    private final Map<String, NDArray> weights = new HashMap<>();
    private final TorchScript attention;
    private final TorchScript maskedAttention;
    private final TorchScript causalAttention;
    private final TorchScript activation;
    private final TorchScript gated;
    private final TorchScript rmsNorm;
    private final TorchScript rotation;
    private final TorchScript lossOfRows;
    private final TorchScript toF32;
    private final TorchScript toDtype;

    /** What a caller adds to the output of a projection: its adapter. */
    @FunctionalInterface
    public interface Adapters {
        /** None. */
        Adapters NONE = (y, x, block, projection) -> y;

        /**
         * The output of a projection with its adapter.
         *
         * @param y [B,T,out] the output of the frozen projection
         * @param x [B,T,in] its input
         */
        NDArray adapt(NDArray y, NDArray x, int block, Projection projection);
    }

    /**
     * What the attention of a pass needs beside the heads.
     *
     * @param mask added to the scores; null for none
     * @param cosines [T,D] of rotary positions, and {@code sines}; null where positions are learned
     * @param cache takes keys and values and, behind the first tokens, gives them; null in a pass of whole examples
     */
    private record Pass(
            @Nullable NDArray mask, @Nullable NDArray cosines, @Nullable NDArray sines, @Nullable TorchCache cache) {}

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
        this.attention = attention(manager, "k", "v", "None", false, "q", "k", "v");
        this.maskedAttention = attention(manager, "k", "v", "mask", false, "q", "k", "v", "mask");
        this.causalAttention = attention(manager, "k", "v", "None", true, "q", "k", "v");
        this.activation = new TorchScript(manager, activated("x"), "x");
        this.gated = new TorchScript(manager, "torch.mul(" + activated("gate") + ", x)", "gate", "x");
        this.rmsNorm = new TorchScript(
                manager,
                "torch.rms_norm(x, [torch.size(x, -1)], weight, "
                        + architecture.norm().epsilon() + ")",
                "x",
                "weight");
        int half = architecture.heads().width() / 2;
        this.rotation = new TorchScript(
                manager,
                ("torch.add(torch.mul(x, cosines), torch.mul(torch.cat([torch.neg(torch.slice(x, -1, %d)),"
                                + " torch.slice(x, -1, 0, %d)], -1), sines))")
                        .formatted(half, half),
                "x",
                "cosines",
                "sines");
        // The numbers are libtorch's own: the reduction "none", and a class without a target.
        this.lossOfRows =
                new TorchScript(manager, "torch.cross_entropy_loss(logits, classes, None, 0, -1)", "logits", "classes");
        // DJL ends the process at an array of bf16 that it is asked the type of; the numbers are libtorch's own.
        this.toF32 = new TorchScript(manager, "torch.to(x, 6)", "x");
        this.toDtype = new TorchScript(manager, "torch.to(x, " + (precision == Precision.BF16 ? 15 : 7) + ")", "x");
        try (NDManager loading = manager.newSubManager()) {
            for (String name : tensors.names()) {
                put(name, manager, loading.create(floats(tensors, name), shape(tensors, name)));
            }
            for (int block = 0; block < architecture.blocks() && fuses(); block++) {
                fuse(block, ".weight", manager);
                fuse(block, ".bias", manager);
            }
        }
    }

    /**
     * The fused attention. Keys and values are repeated for the query heads that share them, as the transformers library
     * does: libtorch (2.7) fuses no other.
     *
     * @param key expression over the operands for the keys [B,K,T,D], and {@code value} for the values
     */
    TorchScript attention(
            NDManager manager, String key, String value, String mask, boolean causal, String... operands) {
        String expression = "torch.scaled_dot_product_attention(q, %s, %s, %s, 0., %s)"
                .formatted(repeated(key), repeated(value), mask, causal ? "True" : "False");
        return new TorchScript(manager, expression, operands);
    }

    private String repeated(String x) {
        int group = architecture.heads().query() / architecture.heads().keyValue();
        return group == 1
                ? x
                : ("torch.reshape(torch.expand(torch.unsqueeze(%s, 2), [-1, -1, %d, -1, -1]),"
                                + " [torch.size(q, 0), torch.size(q, 1), -1, torch.size(q, 3)])")
                        .formatted(x, group);
    }

    private static float[] floats(SafetensorsFile tensors, String name) {
        FloatBuffer values = tensors.floats(name).duplicate();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        return copy;
    }

    private static Shape shape(SafetensorsFile tensors, String name) {
        return new Shape(tensors.info(name).shape());
    }

    private void put(String name, NDManager manager, NDArray values) {
        NDArray weight = cast(manager, values);
        weight.attach(manager);
        weights.put(name, weight);
    }

    /** Whether query, key and value are one product. */
    private boolean fuses() {
        return family.stored(0, Projection.QUERY).fused().size() == QUERY_KEY_VALUE.size();
    }

    private String fusedName(int block) {
        return family.stored(block, Projection.QUERY).module();
    }

    /** Puts a tensor of query, key and value in the place of those of each. */
    private void fuse(int block, String suffix, NDManager manager) {
        NDArray[] parts = new NDArray[QUERY_KEY_VALUE.size()];
        Arrays.setAll(parts, i -> weights.remove(family.projection(block, QUERY_KEY_VALUE.get(i)) + suffix));
        TorchScript stack = new TorchScript(manager, "torch.cat([q, k, v], 0)", "q", "k", "v");
        weights.put(fusedName(block) + suffix, stack.apply(manager, parts));
        Arrays.stream(parts).forEach(NDArray::close);
    }

    private String activated(String x) {
        return switch (architecture.feedForward().activation()) {
            case GELU -> "torch.gelu(" + x + ")";
            case GELU_TANH -> "torch.gelu(" + x + ", approximate=\"tanh\")";
            case RELU -> "torch.relu(" + x + ")";
            case TANH -> "torch.tanh(" + x + ")";
            case SILU -> "torch.silu(" + x + ")";
        };
    }

    public Architecture architecture() {
        return architecture;
    }

    /** The f32 array itself, or a copy in this transformer's dtype that ends with {@code scope}. */
    public NDArray cast(NDManager scope, NDArray array) {
        return precision == Precision.F32 ? array : toDtype.apply(scope, array);
    }

    private NDArray inSingle(NDManager scope, NDArray array) {
        return precision == Precision.BF16 ? toF32.apply(scope, array) : array;
    }

    /** Means of the last hidden states over the tokens of each example, [B,H] in f32, or f64 where all is. */
    public NDArray pooled(NDManager scope, Batch batch, Adapters adapters) {
        NDArray x = inSingle(scope, hidden(scope, batch, adapters));
        NDArray column = valid(scope, batch).reshape(new Shape(batch.size(), batch.tokens(), 1));
        column = precision == Precision.F64 ? cast(scope, column) : column;
        NDArray sum = isPadded(batch) ? x.mul(column).sum(new int[] {1}) : x.sum(new int[] {1});
        return sum.div(column.sum(new int[] {1}));
    }

    /**
     * The cross entropies [B·T] of a language model's next tokens by its tied output matrix, in f32. All logits exist at
     * once, as in a PyTorch program.
     *
     * @param classes [B·T], −1 where nothing is predicted
     */
    public NDArray losses(NDManager scope, Batch batch, int[] classes, Adapters adapters) {
        NDArray logits = inSingle(scope, logits(hidden(scope, batch, adapters).reshape(classes.length, -1)));
        return lossOfRows.apply(scope, logits, longs(scope, classes, classes.length));
    }

    /** Logits [N,V] of hidden states [N,H]. */
    NDArray logits(NDArray hidden) {
        return Linear.linear(hidden, weights.get(family.wordEmbeddings())).singletonOrThrow();
    }

    /** The last hidden states [B,T,H]; what stands in the padding means nothing. */
    public NDArray hidden(NDManager scope, Batch batch, Adapters adapters) {
        NDArray ids = longs(scope, batch.tokenIds(), batch.size(), batch.tokens());
        NDArray types =
                architecture.tokenTypes() == 0 ? null : longs(scope, batch.typeIds(), batch.size(), batch.tokens());
        NDArray mask = isPadded(batch) && !architecture.causal() ? mask(scope, batch) : null;
        return run(scope, embeddings(scope, ids, types, positions(scope, batch)), 0, mask, null, adapters);
    }

    /**
     * The last hidden states [B,T,H] of tokens whose keys and values a cache takes, without adapters.
     *
     * @param ids [B,T] in int64
     * @param cache of the tokens before them
     */
    NDArray read(NDManager scope, NDArray ids, TorchCache cache) {
        int tokens = (int) ids.getShape().get(1);
        int from = cache.append(scope, tokens);
        int[] positions = IntStream.range(from, from + tokens).toArray();
        NDArray ofTokens = longs(scope, architecture.positionRows(positions), 1, tokens);
        return run(scope, embeddings(scope, ids, null, ofTokens), from, null, cache, Adapters.NONE);
    }

    private NDArray run(
            NDManager scope,
            NDArray embedded,
            int from,
            @Nullable NDArray mask,
            @Nullable TorchCache cache,
            Adapters adapters) {
        int tokens = (int) embedded.getShape().get(1);
        Pass pass =
                new Pass(mask, angles(scope, from, tokens, Math::cos), angles(scope, from, tokens, Math::sin), cache);
        NDArray x = embedded;
        for (int block = 0; block < architecture.blocks(); block++) {
            // What a block needs no more is freed at its end, as in a Python program; autograd keeps what it needs.
            try (NDManager inner = scope.newSubManager()) {
                NDArray in = x;
                x.attach(inner);
                x = block(inner, in, block, adapters, pass);
                x.attach(scope);
            }
        }
        return family.finalNorm().isPresent()
                ? norm(scope, x, family.finalNorm().get())
                : x;
    }

    /** cos or sin of the angles of the positions from {@code from} on, [T,D]; null where positions are not rotary. */
    @Nullable
    private NDArray angles(NDManager scope, int from, int tokens, DoubleUnaryOperator function) {
        if (!(architecture.positions() instanceof Positions.Rotary rotary)) {
            return null;
        }
        double[] frequencies =
                rotary.rotation(0).frequencies(architecture.heads().width());
        float[] values = new float[2 * tokens * frequencies.length];
        for (int i = 0; i < values.length; i++) {
            int position = from + i / (2 * frequencies.length);
            values[i] = (float) function.applyAsDouble(position * frequencies[i % frequencies.length]);
        }
        return cast(scope, scope.create(values, new Shape(tokens, 2L * frequencies.length)));
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

    private NDArray block(NDManager scope, NDArray x, int block, Adapters adapters, Pass pass) {
        String attentionNorm = family.attentionNorm(block);
        String feedForwardNorm = family.feedForwardNorm(block);
        if (architecture.norm().place() == Architecture.Place.POST) {
            NDArray hidden = norm(scope, attend(scope, x, block, adapters, pass).add(x), attentionNorm);
            return norm(scope, feedForward(scope, hidden, block, adapters).add(hidden), feedForwardNorm);
        }
        NDArray hidden = attend(scope, norm(scope, x, attentionNorm), block, adapters, pass)
                .add(x);
        return feedForward(scope, norm(scope, hidden, feedForwardNorm), block, adapters)
                .add(hidden);
    }

    private NDArray attend(NDManager scope, NDArray x, int block, Adapters adapters, Pass pass) {
        List<NDArray> projected = queryKeyValue(x, block, adapters);
        NDArray query =
                rotated(scope, heads(projected.get(0), architecture.heads().query()), pass);
        NDArray key =
                rotated(scope, heads(projected.get(1), architecture.heads().keyValue()), pass);
        NDArray value = heads(projected.get(2), architecture.heads().keyValue());
        NDArray perHead = perHead(scope, query, key, value, block, pass);
        NDArray context = perHead.transpose(0, 2, 1, 3)
                .reshape(x.getShape().get(0), x.getShape().get(1), -1);
        return projection(context, block, Projection.ATTENTION_OUTPUT, adapters);
    }

    private List<NDArray> queryKeyValue(NDArray x, int block, Adapters adapters) {
        List<NDArray> projected = new ArrayList<>();
        if (!fuses()) {
            QUERY_KEY_VALUE.forEach(part -> projected.add(projection(x, block, part, adapters)));
            return projected;
        }
        List<NDArray> parts = linear(x, fusedName(block)).split(QUERY_KEY_VALUE.size(), 2);
        for (int i = 0; i < parts.size(); i++) {
            projected.add(adapters.adapt(parts.get(i), x, block, QUERY_KEY_VALUE.get(i)));
        }
        return projected;
    }

    private NDArray perHead(NDManager scope, NDArray query, NDArray key, NDArray value, int block, Pass pass) {
        if (pass.cache() != null) {
            pass.cache().keep(scope, block, key, value);
            if (pass.cache().hasEarlier()) {
                return pass.cache().attend(scope, block, query);
            }
        }
        if (architecture.causal()) {
            return causalAttention.apply(scope, query, key, value);
        }
        return pass.mask() == null
                ? attention.apply(scope, query, key, value)
                : maskedAttention.apply(scope, query, key, value, pass.mask());
    }

    private NDArray rotated(NDManager scope, NDArray x, Pass pass) {
        return pass.cosines() == null ? x : rotation.apply(scope, x, pass.cosines(), pass.sines());
    }

    private NDArray feedForward(NDManager scope, NDArray x, int block, Adapters adapters) {
        NDArray inner = projection(x, block, Projection.INTERMEDIATE, adapters);
        NDArray activated = architecture.feedForward().gated()
                ? gated.apply(scope, projection(x, block, Projection.GATE, adapters), inner)
                : activation.apply(scope, inner);
        return projection(activated, block, Projection.OUTPUT, adapters);
    }

    private NDArray heads(NDArray x, int heads) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), heads, architecture.heads().width())
                .transpose(0, 2, 1, 3);
    }

    private NDArray projection(NDArray x, int block, Projection projection, Adapters adapters) {
        return adapters.adapt(linear(x, family.projection(block, projection)), x, block, projection);
    }

    /** With a bias where there is one. */
    private NDArray linear(NDArray x, String name) {
        return Linear.linear(x, weights.get(name + ".weight"), weights.get(name + ".bias"))
                .singletonOrThrow();
    }

    private NDArray norm(NDManager scope, NDArray x, String name) {
        NDArray weight = weights.get(name + ".weight");
        if (architecture.norm().kind() == Architecture.Norm.Kind.RMS) {
            return rmsNorm.apply(scope, x, weight);
        }
        return LayerNorm.layerNorm(x, weight.getShape(), weight, weights.get(name + ".bias"), (float)
                        architecture.norm().epsilon())
                .singletonOrThrow();
    }

    /** @param positions [B,T] or [1,T] rows of the position embedding table */
    private NDArray embeddings(NDManager scope, NDArray ids, @Nullable NDArray types, NDArray positions) {
        NDArray sum = rows(family.wordEmbeddings(), ids);
        if (family.positionEmbeddings().isPresent()) {
            sum = sum.add(rows(family.positionEmbeddings().get(), positions));
        }
        if (family.tokenTypeEmbeddings().isPresent()) {
            sum = sum.add(rows(family.tokenTypeEmbeddings().get(), types));
        }
        NDArray embedded = family.embeddingNorm().isPresent()
                ? norm(scope, sum, family.embeddingNorm().get())
                : sum;
        return architecture.projectsEmbeddings() ? linear(embedded, family.embeddingProjection()) : embedded;
    }

    /** RoBERTa's are those of create_position_ids_from_input_ids in the transformers library. */
    private NDArray positions(NDManager scope, Batch batch) {
        if (!architecture.family().equals("roberta")) {
            return longs(scope, IntStream.range(0, batch.tokens()).toArray(), 1, batch.tokens());
        }
        NDArray real = scope.create(batch.tokenIds(), new Shape(batch.size(), batch.tokens()))
                .neq(architecture.padTokenId())
                .toType(DataType.INT32, false);
        return real.cumSum(1)
                .toType(DataType.INT32, false)
                .mul(real)
                .add(architecture.padTokenId())
                .toType(DataType.INT64, false);
    }

    private static NDArray longs(NDManager scope, int[] values, long... shape) {
        return scope.create(Arrays.stream(values).asLongStream().toArray(), new Shape(shape));
    }

    /** The rows [B,T,H] of a table. */
    private NDArray rows(String table, NDArray ids) {
        return ids.getNDArrayInternal()
                .embedding(ids, weights.get(table), SparseFormat.DENSE)
                .singletonOrThrow();
    }
}
