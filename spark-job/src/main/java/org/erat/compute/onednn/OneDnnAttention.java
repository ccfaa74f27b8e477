package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.nio.FloatBuffer;
import java.util.Arrays;
import javax.annotation.Nullable;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.Attention;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/**
 * Attention as products of batches of matrices that lie strided within [N,(A+2K)·D] and [N,A·D]: nothing is transposed or
 * copied. A batch has one query head of each key/value head; with G = A/K query heads to a key/value head there are G
 * batches, one after the other. Where all examples of a mini-batch are of one length, nothing is masked but what the mask or
 * the visibility hides.
 *
 * <p>The softmax of padding queries is set to zero; so their output is zero, and so is, in the backward pass, all that would
 * come of what {@code dy} holds there.
 */
final class OneDnnAttention implements Attention {
    /** Added to the score of a key that is not seen: its weight is exactly zero then, and no infinity meets another. */
    static final float MASKED = -1e30f;

    private final Execution execution;
    private final OneDnnDecoding decoding;

    OneDnnAttention(Execution execution) {
        this.execution = execution;
        this.decoding = new OneDnnDecoding(execution);
    }

    /** Distances between examples, heads, rows and columns of [B, K, ·, ·]. */
    record Strides(long example, long head, long row, long column) {
        Strides transposed() {
            return new Strides(example, head, column, row);
        }
    }

    /**
     * Batches [B·K] of [M,K]·[K,N]: {@code heads} of each of {@code batch} examples; if {@code masked} with [B, 1, 1, N]
     * added.
     */
    record ProductKey(
            long batch,
            long heads,
            long m,
            long k,
            long n,
            Dtype operands,
            Dtype result,
            Strides a,
            Strides b,
            Strides c,
            float scale,
            boolean masked,
            boolean summed) {
        /** The same of {@code examples} examples, with a mask added. */
        ProductKey masked(long examples) {
            return new ProductKey(examples, heads, m, k, n, operands, result, a, b, c, scale, true, summed);
        }
    }

    record SoftmaxKey(Layout scores, Layout weights, boolean forward) {}

    /** [count, T·T] with [1, T·T] added. */
    private record MaskKey(long count, long tokens) {}

    /** Sizes of one call and where the pieces of qkv, dqkv and [N,A·D] lie. Distances are in elements. */
    private record Geometry(Attention.Shape shape) {
        long tokens() {
            return shape.tokens();
        }

        long width() {
            return shape.headWidth();
        }

        /** G, query heads of a key/value head. */
        int group() {
            return shape.heads() / shape.keyValueHeads();
        }

        /** [B, K, T, D] of every G-th head within rows of {@code stride} elements. */
        Strides queries(long stride) {
            return new Strides(tokens() * stride, group() * width(), stride, 1);
        }

        /** [B, K, T, D] of all key/value heads within rows of {@code stride} elements. */
        Strides keys(long stride) {
            return new Strides(tokens() * stride, width(), stride, 1);
        }

        /** [B, K, T, T] of every G-th head within a dense [B, A, T, T]. */
        Strides weights() {
            return new Strides(shape.heads() * tokens() * tokens(), group() * tokens() * tokens(), tokens(), 1);
        }

        float scale() {
            return (float) (1 / Math.sqrt((double) width()));
        }

        /** From the first query head to the one that comes {@code member}-th in each group. */
        long query(int member) {
            return member * width();
        }

        /** The same within [B, A, T, T]. */
        long weight(int member) {
            return member * tokens() * tokens();
        }

        /** From the query to the key. */
        long key() {
            return shape.queryWidth();
        }

        /** From the query to the value. */
        long value() {
            return (long) shape.queryWidth() + shape.keyValueWidth();
        }

        /** x[T,D]·y[T,D]ᵀ of queries and keys, times {@code scale}. */
        ProductKey scores(Dtype dtype, Dtype result, long strideX, long strideY, float scale) {
            return new ProductKey(
                    shape.batch(),
                    shape.keyValueHeads(),
                    tokens(),
                    width(),
                    tokens(),
                    dtype,
                    result,
                    queries(strideX),
                    keys(strideY).transposed(),
                    weights(),
                    scale,
                    false,
                    false);
        }

        /** w[T,T]·x[T,D] of keys, for queries, times {@code scale}. */
        ProductKey ofQueries(Dtype dtype, long strideX, long strideY, float scale) {
            return mix(dtype, dtype, weights(), keys(strideX), queries(strideY), scale, false);
        }

        /** wᵀ[T,T]·x[T,D] of queries, for keys, times {@code scale}; added to what is there if {@code summed}. */
        ProductKey ofKeys(Dtype dtype, Dtype result, long strideX, long strideY, float scale, boolean summed) {
            return mix(dtype, result, weights().transposed(), queries(strideX), keys(strideY), scale, summed);
        }

        private ProductKey mix(
                Dtype dtype, Dtype result, Strides w, Strides x, Strides y, float scale, boolean summed) {
            return new ProductKey(
                    shape.batch(),
                    shape.keyValueHeads(),
                    tokens(),
                    tokens(),
                    width(),
                    dtype,
                    result,
                    w,
                    x,
                    y,
                    scale,
                    false,
                    summed);
        }
    }

    @Override
    public Attended forward(Tensor qkv, Shape shape) {
        Shapes.checkAttention("attention", qkv, shape);
        StridedTensor in = HostBlock.tensor(qkv);
        StridedTensor weights = execution.allocate(in.dtype(), in.rows() * shape.heads(), shape.tokens());
        StridedTensor y = shape.tokens() == 1 ? forwardOfOneToken(in, shape, weights) : forward(in, shape, weights);
        return new Attended(y, weights, false);
    }

    private StridedTensor forward(StridedTensor in, Shape shape, StridedTensor weights) {
        Geometry geometry = new Geometry(shape);
        StridedTensor scores = weights.dtype() == Dtype.F32
                ? weights
                : execution.allocate(Dtype.F32, weights.rows(), weights.columns());
        scores(geometry, in, scores);
        softmax(execution, scores, weights);
        if (scores != weights) {
            scores.close();
        }
        if (hasPadding(shape)) {
            clearPaddingQueries(shape, weights);
        }
        StridedTensor y = execution.allocate(in.dtype(), in.rows(), shape.queryWidth());
        ProductKey mixed = geometry.ofQueries(in.dtype(), in.stride(), y.stride(), 1);
        for (int member = 0; member < geometry.group(); member++) {
            execution.run(
                    product(mixed),
                    at(weights, geometry.weight(member)),
                    at(in, geometry.value()),
                    at(y, geometry.query(member)));
        }
        return y;
    }

    /** weights = softmax(scores), over each row. */
    static void softmax(Execution execution, StridedTensor scores, StridedTensor weights) {
        SoftmaxKey key = new SoftmaxKey(Layout.of(scores), Layout.of(weights), true);
        execution.run(execution.primitive(key, () -> createSoftmax(key)), scores.address(), weights.address());
    }

    /** q·kᵀ/√D with the mask added. */
    private void scores(Geometry geometry, StridedTensor in, StridedTensor scores) {
        Shape shape = geometry.shape();
        // Hidden keys include padding, for every query that is none itself.
        boolean padded = !shape.hidesKeys() && hasPadding(shape);
        Block mask = padded ? paddingMask(shape) : null;
        ProductKey all = geometry.scores(in.dtype(), Dtype.F32, in.stride(), in.stride(), geometry.scale());
        // oneDNN (3.11) finds what is added to an example by the distances of dense results. Scores of every G-th head
        // are none, so they are formed for one example at a time.
        ProductKey products = padded ? all.masked(geometry.group() > 1 ? 1 : shape.batch()) : all;
        for (int example = 0; example < shape.batch(); example += (int) products.batch()) {
            for (int member = 0; member < geometry.group(); member++) {
                long query = at(in, example * products.a().example() + geometry.query(member));
                long key = at(in, example * products.b().example() + geometry.key());
                long score = at(scores, example * products.c().example() + geometry.weight(member));
                if (mask == null) {
                    execution.run(product(products), query, key, score);
                } else {
                    long ofExample = mask.address() + (long) Float.BYTES * example * shape.tokens();
                    execution.run(product(products), query, key, score, ofExample);
                }
            }
        }
        if (mask != null) {
            execution.memory().giveBack(mask);
        }
        if (shape.hidesKeys()) {
            hideKeys(shape, scores);
        }
    }

    /**
     * Masks the keys that queries do not see, at once for all examples where they are the same in all: where no query sees
     * what comes behind it, or no example is shorter than others. This is a step of its own
     * because oneDNN (3.11) reads a mask of [1, 1, T, T] wrongly in products of bf16 where the processor has AMX (its pull
     * request 6025 is the cure).
     */
    private void hideKeys(Shape shape, StridedTensor scores) {
        int tokens = shape.tokens();
        int masks = shape.visibility() == null && (shape.mask().causal() || !hasPadding(shape)) ? 1 : shape.batch();
        MaskKey key = new MaskKey((long) shape.batch() / masks * shape.heads(), tokens);
        Block mask = execution.memory().take((long) Float.BYTES * tokens * tokens);
        FloatBuffer values = ((HostBlock) mask).floats();
        for (int example = 0; example < masks; example++) {
            for (int query = 0; query < tokens; query++) {
                putMask(values, query, shape.firstKey(example, query), shape.endOfKeys(example, query), tokens);
                values.put(query * tokens + query, 0);
            }
            long first = at(scores, example * key.count() * tokens * tokens);
            execution.run(execution.primitive(key, () -> createMask(key)), first, mask.address(), first);
        }
        execution.memory().giveBack(mask);
    }

    private static Primitive createMask(MaskKey key) {
        long square = key.tokens() * key.tokens();
        dnnl_memory_desc scores = OneDnn.floats(key.count(), square);
        dnnl_memory_desc mask = OneDnn.floats(1, square);
        dnnl_memory_desc masked = OneDnn.floats(key.count(), square);
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_binary_primitive_desc_create(
                description, OneDnn.ENGINE, dnnl_binary_add, scores, mask, masked, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("mask of keys " + key)
                .operand(DNNL_ARG_SRC_0, scores)
                .operand(DNNL_ARG_SRC_1, mask)
                .operand(DNNL_ARG_DST, masked)
                .build(description, status);
    }

    /** Address of the element that is {@code distance} behind the first one. */
    static long at(StridedTensor tensor, long distance) {
        return tensor.address() + tensor.dtype().bytes() * distance;
    }

    @Override
    public StridedTensor backward(Tensor dy, Tensor qkv, Shape shape, Attended saved) {
        Shapes.checkAttentionBackward(dy, qkv, shape);
        Shapes.checkAttentionWeights(saved.kept(), shape);
        StridedTensor in = HostBlock.tensor(qkv);
        StridedTensor gradient = HostBlock.tensor(dy);
        StridedTensor weights = HostBlock.tensor(saved.kept());
        Geometry geometry = new Geometry(shape);
        StridedTensor dqkv = execution.allocate(in.dtype(), in.rows(), shape.width());
        if (shape.tokens() == 1) {
            return backwardOfOneToken(gradient, shape, dqkv);
        }
        StridedTensor dScores = execution.allocate(in.dtype(), weights.rows(), weights.columns());
        ProductKey ofScores = geometry.scores(in.dtype(), in.dtype(), gradient.stride(), in.stride(), 1);
        for (int member = 0; member < geometry.group(); member++) {
            execution.run(
                    product(ofScores),
                    at(gradient, geometry.query(member)),
                    at(in, geometry.value()),
                    at(dScores, geometry.weight(member)));
        }
        SoftmaxKey softmax = new SoftmaxKey(Layout.of(dScores), Layout.of(weights), false);
        execution.run(
                execution.primitive(softmax, () -> createSoftmax(softmax)),
                weights.address(),
                dScores.address(),
                dScores.address());
        ProductKey ofQueries = geometry.ofQueries(in.dtype(), in.stride(), dqkv.stride(), geometry.scale());
        for (int member = 0; member < geometry.group(); member++) {
            execution.run(
                    product(ofQueries),
                    at(dScores, geometry.weight(member)),
                    at(in, geometry.key()),
                    at(dqkv, geometry.query(member)));
        }
        gradientOfKeysAndValues(geometry, in, gradient, weights, dScores, dqkv);
        dScores.close();
        return dqkv;
    }

    /** The sum over the query heads of each group, formed in f32. */
    private void gradientOfKeysAndValues(
            Geometry geometry,
            StridedTensor in,
            StridedTensor gradient,
            StridedTensor weights,
            StridedTensor dScores,
            StridedTensor dqkv) {
        long from = geometry.key();
        StridedTensor dkv = dqkv.columns(from, dqkv.columns());
        boolean apart = geometry.group() > 1 && dqkv.dtype() != Dtype.F32;
        StridedTensor sums = apart ? execution.allocate(Dtype.F32, dkv.rows(), dkv.columns()) : dkv;
        for (int member = 0; member < geometry.group(); member++) {
            boolean summed = member > 0;
            execution.run(
                    product(geometry.ofKeys(
                            in.dtype(), sums.dtype(), in.stride(), sums.stride(), geometry.scale(), summed)),
                    at(dScores, geometry.weight(member)),
                    at(in, geometry.query(member)),
                    sums.address());
            execution.run(
                    product(geometry.ofKeys(in.dtype(), sums.dtype(), gradient.stride(), sums.stride(), 1, summed)),
                    at(weights, geometry.weight(member)),
                    at(gradient, geometry.query(member)),
                    at(sums, geometry.value() - from));
        }
        if (apart) {
            execution.copy(sums, dkv);
            sums.close();
        }
    }

    // ---- one token: its weight is one. Apart, since oneDNN's product (3.11) takes batches of strided [1,1]·[1,D] for
    // dense ones and gives wrong results.

    private StridedTensor forwardOfOneToken(StridedTensor qkv, Shape shape, StridedTensor weights) {
        StridedTensor y = execution.allocate(qkv.dtype(), qkv.rows(), shape.queryWidth());
        float[] row = new float[shape.width()];
        float[] out = new float[shape.queryWidth()];
        int value = shape.queryWidth() + shape.keyValueWidth();
        int width = shape.headWidth();
        int group = shape.heads() / shape.keyValueHeads();
        for (long i = 0; i < qkv.rows(); i++) {
            HostBlock.getRow(qkv, i, row);
            for (int head = 0; head < shape.heads(); head++) {
                System.arraycopy(row, value + head / group * width, out, head * width, width);
            }
            HostBlock.putRow(y, i, out);
        }
        float[] one = {1};
        for (long i = 0; i < weights.rows(); i++) {
            HostBlock.putRow(weights, i, one);
        }
        return y;
    }

    private static StridedTensor backwardOfOneToken(StridedTensor dy, Shape shape, StridedTensor dqkv) {
        float[] row = new float[shape.width()];
        float[] gradient = new float[shape.queryWidth()];
        int value = shape.queryWidth() + shape.keyValueWidth();
        int group = shape.heads() / shape.keyValueHeads();
        for (long i = 0; i < dy.rows(); i++) {
            HostBlock.getRow(dy, i, gradient);
            Arrays.fill(row, value, row.length, 0);
            for (int j = 0; j < gradient.length; j++) {
                int head = j / shape.headWidth();
                row[value + head / group * shape.headWidth() + j % shape.headWidth()] += gradient[j];
            }
            HostBlock.putRow(dqkv, i, row);
        }
        return dqkv;
    }

    // ---- masks

    private static boolean hasPadding(Shape shape) {
        for (int length : shape.lengths()) {
            if (length < shape.tokens()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public StridedTensor decode(Tensor qkv, Tensor cache, Shape shape) {
        Shapes.checkDecode(qkv, cache, shape);
        return decoding.attend(HostBlock.tensor(qkv), HostBlock.tensor(cache), shape);
    }

    /** What is added to scores: [B, 1, 1, T]. */
    private Block paddingMask(Shape shape) {
        int tokens = shape.tokens();
        Block mask = execution.memory().take((long) Float.BYTES * shape.batch() * tokens);
        FloatBuffer values = ((HostBlock) mask).floats();
        for (int example = 0; example < shape.batch(); example++) {
            putMask(values, example, 0, shape.lengths()[example], tokens);
        }
        return mask;
    }

    /** Row {@code row} of a mask: nothing for the keys [from, to). */
    private static void putMask(FloatBuffer mask, int row, int from, int to, int tokens) {
        float[] values = new float[tokens];
        Arrays.fill(values, MASKED);
        Arrays.fill(values, from, to, 0);
        mask.put(row * tokens, values);
    }

    private static void clearPaddingQueries(Shape shape, StridedTensor weights) {
        float[] zeros = new float[shape.tokens()];
        for (int b = 0; b < shape.batch(); b++) {
            for (int a = 0; a < shape.heads(); a++) {
                long first = ((long) b * shape.heads() + a) * shape.tokens();
                for (int t = shape.lengths()[b]; t < shape.tokens(); t++) {
                    HostBlock.putRow(weights, first + t, zeros);
                }
            }
        }
    }

    // ---- primitives

    private Primitive product(ProductKey key) {
        return product(execution, key);
    }

    static Primitive product(Execution execution, ProductKey key) {
        return execution.primitive(key, () -> createProduct(key));
    }

    private static Primitive createProduct(ProductKey key) {
        dnnl_memory_desc a = matrices(key, key.operands(), key.m(), key.k(), key.a());
        dnnl_memory_desc b = matrices(key, key.operands(), key.k(), key.n(), key.b());
        dnnl_memory_desc c = matrices(key, key.result(), key.m(), key.n(), key.c());
        dnnl_memory_desc mask = key.masked() ? OneDnn.floats(key.batch(), 1, 1, key.n()) : null;
        dnnl_primitive_attr attributes = OneDnn.attributes(scaleMaskAndSum(key, mask));
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_matmul_primitive_desc_create(description, OneDnn.ENGINE, a, b, null, c, attributes);
        dnnl_primitive_attr_destroy(attributes);
        Primitive.Builder builder = new Primitive.Builder("attention " + key)
                .operand(DNNL_ARG_SRC, a)
                .operand(DNNL_ARG_WEIGHTS, b)
                .operand(DNNL_ARG_DST, c);
        if (mask != null) {
            int position = key.scale() == 1 ? 0 : 1;
            builder.operand(DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (position + 1) | DNNL_ARG_SRC_1, mask);
        }
        return builder.build(description, status);
    }

    @Nullable
    private static dnnl_post_ops scaleMaskAndSum(ProductKey key, @Nullable dnnl_memory_desc mask) {
        if (key.scale() == 1 && mask == null && !key.summed()) {
            return null;
        }
        dnnl_post_ops postOps = OneDnn.postOps();
        if (key.scale() != 1) {
            OneDnn.check(dnnl_post_ops_append_eltwise(postOps, dnnl_eltwise_linear, key.scale(), 0), "append a scale");
        }
        if (mask != null) {
            OneDnn.check(dnnl_post_ops_append_binary(postOps, dnnl_binary_add, mask), "append a mask");
        }
        if (key.summed()) {
            OneDnn.check(dnnl_post_ops_append_sum(postOps, 1, 0, dnnl_data_type_undef), "append a sum");
        }
        return postOps;
    }

    private static dnnl_memory_desc matrices(ProductKey key, Dtype dtype, long rows, long columns, Strides strides) {
        return OneDnn.strided(OneDnn.type(dtype), new long[] {key.batch(), key.heads(), rows, columns}, new long[] {
            strides.example(), strides.head(), strides.row(), strides.column()
        });
    }

    /**
     * Over each row. The forward pass takes scores in f32: rounded to bf16 they would err by as much as a weight of one
     * percent. The backward pass takes one dtype only.
     */
    private static Primitive createSoftmax(SoftmaxKey key) {
        dnnl_memory_desc x = key.scores().descriptor();
        dnnl_memory_desc y = key.weights().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc forward = new dnnl_primitive_desc();
        int status = dnnl_softmax_forward_primitive_desc_create(
                forward, OneDnn.ENGINE, dnnl_forward_training, dnnl_softmax_accurate, x, y, 1, attributes);
        if (key.forward()) {
            dnnl_primitive_attr_destroy(attributes);
            return new Primitive.Builder("softmax " + key)
                    .operand(DNNL_ARG_SRC, x)
                    .operand(DNNL_ARG_DST, y)
                    .build(forward, status);
        }
        OneDnn.check(status, "describe softmax " + key);
        dnnl_memory_desc dx = OneDnn.clone(y);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        status = dnnl_softmax_backward_primitive_desc_create(
                description, OneDnn.ENGINE, dnnl_softmax_accurate, dx, x, y, 1, forward, attributes);
        dnnl_primitive_attr_destroy(attributes);
        dnnl_primitive_desc_destroy(forward);
        return new Primitive.Builder("softmax " + key)
                .operand(DNNL_ARG_DST, y)
                .operand(DNNL_ARG_DIFF_DST, x)
                .operand(DNNL_ARG_DIFF_SRC, dx)
                .build(description, status);
    }
}
