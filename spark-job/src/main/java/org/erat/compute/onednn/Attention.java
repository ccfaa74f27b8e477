package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/**
 * Attention as products of batches of matrices that lie strided within [N,3H] and [N,H]: nothing is transposed or
 * copied. Where all examples of a batch are of one length, nothing is masked.
 *
 * <p>The attention weights of padding queries are set to zero; so their output is zero, and so is, in the backward pass,
 * all that would come of what {@code dy} holds there.
 */
final class Attention {
    /** Added to the score of a padding key: its weight is exactly zero then, and no infinity meets another. */
    private static final float MASKED = -1e30f;

    private final Execution execution;

    Attention(Execution execution) {
        this.execution = execution;
    }

    /** Distances between examples, heads, rows and columns of [B, A, ·, ·]. */
    private record Strides(long example, long head, long row, long column) {
        Strides transposed() {
            return new Strides(example, head, column, row);
        }
    }

    /** Batches [B·A] of [M,K]·[K,N]. */
    private record ProductKey(
            long batch,
            long heads,
            long m,
            long k,
            long n,
            Precision operands,
            Precision result,
            Strides a,
            Strides b,
            Strides c,
            float scale,
            boolean masked) {}

    private record SoftmaxKey(Layout scores, Layout weights, boolean forward) {}

    /** Sizes of one call and where the pieces of qkv, dqkv and [N,H] lie. */
    private record Geometry(Precision format, long batch, long tokens, long heads, long width, long depth) {
        static Geometry of(Precision format, AttentionShape shape, int width) {
            return new Geometry(format, shape.batch(), shape.tokens(), shape.heads(), width, width / shape.heads());
        }

        /** [B, A, T, D] within rows of {@code stride} elements. */
        Strides split(long stride) {
            return new Strides(tokens * stride, depth, stride, 1);
        }

        /** [B, A, T, T], dense. */
        Strides weights() {
            return new Strides(heads * tokens * tokens, tokens * tokens, tokens, 1);
        }

        float scale() {
            return (float) (1 / Math.sqrt((double) depth));
        }

        /** Bytes from the query to the key and from the key to the value. */
        long part() {
            return OneDnnTensor.bytes(format) * width;
        }

        /** x[T,D]·y[T,D]ᵀ for each example and head, times {@code scale}. */
        ProductKey scores(Precision result, long strideX, long strideY, float scale, boolean masked) {
            return new ProductKey(
                    batch,
                    heads,
                    tokens,
                    depth,
                    tokens,
                    format,
                    result,
                    split(strideX),
                    split(strideY).transposed(),
                    weights(),
                    scale,
                    masked);
        }

        /** w[T,T]·x[T,D], or wᵀ·x, for each example and head, times {@code scale}. */
        ProductKey mix(boolean transposed, long strideX, long strideY, float scale) {
            Strides w = transposed ? weights().transposed() : weights();
            return new ProductKey(
                    batch,
                    heads,
                    tokens,
                    tokens,
                    depth,
                    format,
                    format,
                    w,
                    split(strideX),
                    split(strideY),
                    scale,
                    false);
        }
    }

    Attended forward(Tensor qkv, AttentionShape shape) {
        int width = Shapes.checkAttention("attention", qkv, shape);
        OneDnnTensor in = OneDnnTensor.of(qkv);
        Geometry geometry = Geometry.of(in.format(), shape, width);
        OneDnnTensor weights = execution.allocate(in.format(), in.rowsCount() * geometry.heads(), geometry.tokens());
        OneDnnTensor y = geometry.tokens() == 1
                ? forwardOfOneToken(in, geometry, weights)
                : forward(in, shape, geometry, weights);
        return new Attended(y, weights, false);
    }

    private OneDnnTensor forward(OneDnnTensor in, AttentionShape shape, Geometry geometry, OneDnnTensor weights) {
        OneDnnTensor scores = weights.format() == Precision.F32
                ? weights
                : execution.allocate(Precision.F32, weights.rowsCount(), weights.columnsCount());
        boolean masked = hasPadding(shape);
        ProductKey product = geometry.scores(Precision.F32, in.stride(), in.stride(), geometry.scale(), masked);
        long key = in.address() + geometry.part();
        if (masked) {
            Block mask = mask(shape);
            execution.run(product(product), in.address(), key, scores.address(), mask.address());
            execution.release(mask);
        } else {
            execution.run(product(product), in.address(), key, scores.address());
        }
        SoftmaxKey softmax = new SoftmaxKey(scores.layout(), weights.layout(), true);
        execution.run(execution.primitive(softmax, () -> createSoftmax(softmax)), scores.address(), weights.address());
        if (scores != weights) {
            scores.close();
        }
        if (masked) {
            clearPaddingQueries(shape, weights);
        }
        OneDnnTensor y = execution.allocate(in.format(), in.rowsCount(), geometry.width());
        execution.run(
                product(geometry.mix(false, in.stride(), geometry.width(), 1)),
                weights.address(),
                in.address() + 2 * geometry.part(),
                y.address());
        return y;
    }

    OneDnnTensor backward(Tensor dy, Tensor qkv, AttentionShape shape, Attended saved) {
        int width = Shapes.checkAttentionBackward(dy, qkv, shape);
        Shapes.checkAttentionWeights(saved.kept(), shape);
        OneDnnTensor in = OneDnnTensor.of(qkv);
        OneDnnTensor gradient = OneDnnTensor.of(dy);
        OneDnnTensor weights = OneDnnTensor.of(saved.kept());
        Geometry geometry = Geometry.of(in.format(), shape, width);
        OneDnnTensor dqkv = execution.allocate(in.format(), in.rowsCount(), 3 * geometry.width());
        if (geometry.tokens() == 1) {
            return backwardOfOneToken(gradient, dqkv);
        }
        long part = geometry.part();
        long query = in.address();
        long key = query + part;
        long value = key + part;

        execution.run(
                product(geometry.mix(true, gradient.stride(), dqkv.stride(), 1)),
                weights.address(),
                gradient.address(),
                dqkv.address() + 2 * part);
        OneDnnTensor dScores = execution.allocate(in.format(), weights.rowsCount(), weights.columnsCount());
        execution.run(
                product(geometry.scores(in.format(), gradient.stride(), in.stride(), 1, false)),
                gradient.address(),
                value,
                dScores.address());
        SoftmaxKey softmax = new SoftmaxKey(dScores.layout(), weights.layout(), false);
        execution.run(
                execution.primitive(softmax, () -> createSoftmax(softmax)),
                weights.address(),
                dScores.address(),
                dScores.address());
        execution.run(
                product(geometry.mix(false, in.stride(), dqkv.stride(), geometry.scale())),
                dScores.address(),
                key,
                dqkv.address());
        execution.run(
                product(geometry.mix(true, in.stride(), dqkv.stride(), geometry.scale())),
                dScores.address(),
                query,
                dqkv.address() + part);
        dScores.close();
        return dqkv;
    }

    // ---- one token: its weight is one. Apart, since oneDNN's product (3.11) takes batches of strided [1,1]·[1,D] for
    // dense ones and gives wrong results.

    private OneDnnTensor forwardOfOneToken(OneDnnTensor qkv, Geometry geometry, OneDnnTensor weights) {
        int width = (int) geometry.width();
        OneDnnTensor y = execution.allocate(qkv.format(), qkv.rowsCount(), width);
        float[] row = new float[3 * width];
        float[] value = new float[width];
        for (long i = 0; i < qkv.rowsCount(); i++) {
            qkv.getRow(i, row);
            System.arraycopy(row, 2 * width, value, 0, width);
            y.putRow(i, value);
        }
        float[] one = {1};
        for (long i = 0; i < weights.rowsCount(); i++) {
            weights.putRow(i, one);
        }
        return y;
    }

    private static OneDnnTensor backwardOfOneToken(OneDnnTensor dy, OneDnnTensor dqkv) {
        int width = (int) dy.columnsCount();
        float[] row = new float[3 * width];
        float[] gradient = new float[width];
        for (long i = 0; i < dy.rowsCount(); i++) {
            dy.getRow(i, gradient);
            System.arraycopy(gradient, 0, row, 2 * width, width);
            dqkv.putRow(i, row);
        }
        return dqkv;
    }

    // ---- padding

    private static boolean hasPadding(AttentionShape shape) {
        for (int length : shape.lengths()) {
            if (length < shape.tokens()) {
                return true;
            }
        }
        return false;
    }

    /** [B, T]: what is added to the scores of each key. */
    private Block mask(AttentionShape shape) {
        Block mask = execution.take((long) Float.BYTES * shape.batch() * shape.tokens());
        for (int b = 0; b < shape.batch(); b++) {
            for (int t = 0; t < shape.tokens(); t++) {
                mask.floats().put(b * shape.tokens() + t, t < shape.lengths()[b] ? 0 : MASKED);
            }
        }
        return mask;
    }

    private static void clearPaddingQueries(AttentionShape shape, OneDnnTensor weights) {
        float[] zeros = new float[shape.tokens()];
        for (int b = 0; b < shape.batch(); b++) {
            for (int a = 0; a < shape.heads(); a++) {
                long first = ((long) b * shape.heads() + a) * shape.tokens();
                for (int t = shape.lengths()[b]; t < shape.tokens(); t++) {
                    weights.putRow(first + t, zeros);
                }
            }
        }
    }

    // ---- primitives

    private Primitive product(ProductKey key) {
        return execution.primitive(key, () -> createProduct(key));
    }

    private static Primitive createProduct(ProductKey key) {
        dnnl_memory_desc a = matrices(key, key.operands(), key.m(), key.k(), key.a());
        dnnl_memory_desc b = matrices(key, key.operands(), key.k(), key.n(), key.b());
        dnnl_memory_desc c = matrices(key, key.result(), key.m(), key.n(), key.c());
        dnnl_memory_desc mask = key.masked() ? OneDnn.floats(key.batch(), 1, 1, key.n()) : null;
        dnnl_primitive_attr attributes = OneDnn.attributes(scaleAndMask(key.scale(), mask));
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_matmul_primitive_desc_create(description, OneDnn.ENGINE, a, b, null, c, attributes);
        dnnl_primitive_attr_destroy(attributes);
        Primitive.Builder builder = new Primitive.Builder("attention " + key)
                .operand(DNNL_ARG_SRC, a)
                .operand(DNNL_ARG_WEIGHTS, b)
                .operand(DNNL_ARG_DST, c);
        if (key.masked()) {
            int position = key.scale() == 1 ? 0 : 1;
            builder.operand(DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (position + 1) | DNNL_ARG_SRC_1, mask);
        }
        return builder.build(description, status);
    }

    private static dnnl_post_ops scaleAndMask(float scale, dnnl_memory_desc mask) {
        if (scale == 1 && mask == null) {
            return null;
        }
        dnnl_post_ops postOps = new dnnl_post_ops();
        OneDnn.check(dnnl_post_ops_create(postOps), "create post-ops");
        if (scale != 1) {
            OneDnn.check(dnnl_post_ops_append_eltwise(postOps, dnnl_eltwise_linear, scale, 0), "append a scale");
        }
        if (mask != null) {
            OneDnn.check(dnnl_post_ops_append_binary(postOps, dnnl_binary_add, mask), "append a mask");
        }
        return postOps;
    }

    private static dnnl_memory_desc matrices(
            ProductKey key, Precision format, long rows, long columns, Strides strides) {
        return OneDnn.strided(OneDnn.type(format), new long[] {key.batch(), key.heads(), rows, columns}, new long[] {
            strides.example(), strides.head(), strides.row(), strides.column()
        });
    }

    /**
     * Over each row. The forward pass takes scores in f32: rounded to bf16 they would err by as much as a weight of one
     * percent. The backward pass takes one format only.
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
