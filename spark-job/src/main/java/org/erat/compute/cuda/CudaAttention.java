package org.erat.compute.cuda;

import org.erat.compute.Attention;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;
import org.erat.data.tokenized.Visibility;

/**
 * Attention as products of batches of matrices that lie strided within [N,(A+2K)·D] and [N,A·D], and a softmax between them:
 * nothing is transposed or copied. A batch has one query head of each key/value head; with G = A/K query heads to a
 * key/value head there are G batches, one after the other. {@link FusedAttention} does what it has kernels for.
 *
 * <p>The softmax of padding queries is set to zero; so their output is zero, and so is, in the backward pass, all that would
 * come of what {@code dy} holds there.
 */
final class CudaAttention implements Attention {
    private final Execution execution;
    private final FusedAttention fused;
    private final CudaDecoding decoding;

    CudaAttention(Execution execution) {
        this.execution = execution;
        this.decoding = new CudaDecoding(execution);
        this.fused = new FusedAttention(execution);
    }

    /**
     * The matrices of all examples, and of one head of each group, within a tensor, by rows.
     *
     * @param address of the first one
     * @param stride elements from one row to the next
     * @param example bytes from one example to the next
     * @param head bytes from one head to the next
     */
    private record HeadMatrices(
            long address, Dtype dtype, long rows, long columns, long stride, long example, long head) {
        long address(int ofExample, int ofHead) {
            return address + ofExample * example + ofHead * head;
        }

        boolean isAligned() {
            return address % 16 == 0;
        }
    }

    private record Geometry(Shape shape) {
        /** G, query heads of a key/value head. */
        int group() {
            return shape.heads() / shape.keyValueHeads();
        }

        double scale() {
            return 1 / Math.sqrt(shape.headWidth());
        }

        /** [T, D] of the query head that comes {@code member}-th in each group. */
        HeadMatrices queries(StridedTensor tensor, int member) {
            return heads(tensor, (long) member * shape.headWidth(), group());
        }

        /** [T, D] of each key head, from column {@code first} on. */
        HeadMatrices keys(StridedTensor tensor, long first) {
            return heads(tensor, first, 1);
        }

        /** [T, D] of each value head, whose keys start at column {@code first}. */
        HeadMatrices values(StridedTensor tensor, long first) {
            return heads(tensor, first + shape.keyValueWidth(), 1);
        }

        private HeadMatrices heads(StridedTensor tensor, long first, long every) {
            long bytes = tensor.dtype().bytes();
            return new HeadMatrices(
                    tensor.address() + first * bytes,
                    tensor.dtype(),
                    shape.tokens(),
                    shape.headWidth(),
                    tensor.stride(),
                    shape.tokens() * tensor.stride() * bytes,
                    bytes * shape.headWidth() * every);
        }

        /** [T, T] of the query head that comes {@code member}-th in each group, within a dense [B·A·T, T]. */
        HeadMatrices weights(StridedTensor tensor, int member) {
            long size = (long) shape.tokens() * shape.tokens() * tensor.dtype().bytes();
            return new HeadMatrices(
                    tensor.address() + member * size,
                    tensor.dtype(),
                    shape.tokens(),
                    shape.tokens(),
                    shape.tokens(),
                    shape.heads() * size,
                    group() * size);
        }
    }

    @Override
    public Attended forward(Tensor qkv, Shape shape) {
        Shapes.checkAttention("attention", qkv, shape);
        StridedTensor in = DeviceBlock.tensor(qkv);
        if (FusedAttention.serves(in.dtype(), shape)) {
            return fused.forward(in, shape);
        }
        Geometry geometry = new Geometry(shape);
        StridedTensor weights = execution.allocate(in.dtype(), in.rows() * shape.heads(), shape.tokens());
        StridedTensor scores = weights.dtype() == Dtype.F32
                ? weights
                : execution.allocate(Dtype.F32, weights.rows(), weights.columns());
        HeadMatrices keys = geometry.keys(in, shape.queryWidth());
        for (int i = 0; i < geometry.group(); i++) {
            gemm(shape, geometry.queries(in, i), false, keys, true, geometry.scale(), 0, geometry.weights(scores, i));
        }
        softmax(shape, scores, weights);
        Execution.release(weights, scores);
        StridedTensor y = execution.allocate(in.dtype(), in.rows(), shape.queryWidth());
        HeadMatrices values = geometry.values(in, shape.queryWidth());
        for (int i = 0; i < geometry.group(); i++) {
            gemm(shape, geometry.weights(weights, i), false, values, false, 1, 0, geometry.queries(y, i));
        }
        return new Attended(y, weights, false);
    }

    @Override
    public StridedTensor backward(Tensor dy, Tensor qkv, Shape shape, Attended saved) {
        if (saved.outputNeeded()) {
            return fused.backward(dy, qkv, shape, saved);
        }
        Shapes.checkAttentionBackward(dy, qkv, shape);
        Shapes.checkAttentionWeights(saved.kept(), shape);
        Geometry geometry = new Geometry(shape);
        StridedTensor in = DeviceBlock.tensor(qkv);
        StridedTensor given = DeviceBlock.tensor(dy);
        StridedTensor gradient = execution.in(in.dtype(), given);
        StridedTensor weights = DeviceBlock.tensor(saved.kept());
        StridedTensor dqkv = execution.allocate(in.dtype(), in.rows(), shape.width());
        StridedTensor dScores = execution.allocate(in.dtype(), weights.rows(), weights.columns());
        HeadMatrices values = geometry.values(in, shape.queryWidth());
        for (int i = 0; i < geometry.group(); i++) {
            gemm(shape, geometry.queries(gradient, i), false, values, true, 1, 0, geometry.weights(dScores, i));
        }
        softmaxBackward(weights, dScores);
        HeadMatrices keys = geometry.keys(in, shape.queryWidth());
        for (int i = 0; i < geometry.group(); i++) {
            gemm(
                    shape,
                    geometry.weights(dScores, i),
                    false,
                    keys,
                    false,
                    geometry.scale(),
                    0,
                    geometry.queries(dqkv, i));
        }
        gradientOfKeysAndValues(geometry, in, gradient, weights, dScores, dqkv);
        dScores.close();
        Execution.release(given, gradient);
        return dqkv;
    }

    @Override
    public StridedTensor decode(Tensor qkv, Tensor cache, Shape shape) {
        Shapes.checkDecode(qkv, cache, shape);
        return decoding.attend(DeviceBlock.tensor(qkv), DeviceBlock.tensor(cache), shape);
    }

    /** The sum over the query heads of each group, formed in f32. */
    private void gradientOfKeysAndValues(
            Geometry geometry,
            StridedTensor in,
            StridedTensor gradient,
            StridedTensor weights,
            StridedTensor dScores,
            StridedTensor dqkv) {
        Shape shape = geometry.shape();
        StridedTensor dkv = dqkv.columns(shape.queryWidth(), shape.width());
        StridedTensor sums = geometry.group() == 1 ? dkv : execution.allocate(Dtype.F32, dkv.rows(), dkv.columns());
        HeadMatrices dKeys = geometry.keys(sums, 0);
        HeadMatrices dValues = geometry.values(sums, 0);
        for (int i = 0; i < geometry.group(); i++) {
            double beta = i == 0 ? 0 : 1;
            gemm(
                    shape,
                    geometry.weights(dScores, i),
                    true,
                    geometry.queries(in, i),
                    false,
                    geometry.scale(),
                    beta,
                    dKeys);
            gemm(shape, geometry.weights(weights, i), true, geometry.queries(gradient, i), false, 1, beta, dValues);
        }
        if (sums != dkv) {
            execution.copy(sums, dkv);
            sums.close();
        }
    }

    private void softmax(Shape shape, StridedTensor scores, StridedTensor weights) {
        Visibility visible = shape.visibility();
        String kernel = Execution.name("softmax", Execution.width(scores, weights), weights.dtype());
        execution.run(execution
                .launch()
                .ofRows(kernel, weights.rows(), weights.columns())
                .with(scores.address())
                .with(weights.address())
                .with(execution.lengths(shape.lengths()))
                .with(weights.rows())
                .with(weights.columns())
                .with(shape.heads())
                .with(before(shape))
                .with(shape.mask().causal() ? 0 : before(shape))
                .with(visible == null ? 0 : execution.firstKeys(visible.from()))
                .with(visible == null ? 0 : execution.endsOfKeys(visible.to())));
    }

    /** How many keys before its own a query sees at most. */
    private static int before(Shape shape) {
        return Math.min(shape.mask().window(), shape.tokens()) - 1;
    }

    private void softmaxBackward(StridedTensor weights, StridedTensor gradient) {
        String kernel = Execution.name("softmax_backward", Execution.width(weights, gradient), weights.dtype());
        execution.run(execution
                .launch()
                .ofRows(kernel, weights.rows(), weights.columns())
                .with(weights.address())
                .with(gradient.address())
                .with(weights.rows())
                .with(weights.columns()));
    }

    /** c = alpha·op(a)·op(b) + beta·c of every example and group; by columns the right operand comes first. */
    private void gemm(
            Shape shape,
            HeadMatrices a,
            boolean transposeA,
            HeadMatrices b,
            boolean transposeB,
            double alpha,
            double beta,
            HeadMatrices c) {
        Gemm gemm = new Gemm(
                transposeB,
                transposeA,
                (int) c.columns(),
                (int) c.rows(),
                (int) (transposeA ? a.rows() : a.columns()),
                a.dtype(),
                c.dtype(),
                b.stride(),
                a.stride(),
                c.stride(),
                (float) alpha,
                (float) beta,
                Epilogue.NONE);
        if (shape.headWidth() % 8 == 0 && a.isAligned() && b.isAligned() && c.isAligned()) {
            atOnce(shape, gemm, a, b, c);
        } else {
            oneByOne(shape, gemm, a, b, c);
        }
    }

    /**
     * Of addresses that lie on the device cuBLAS sees nothing, and takes them to be as aligned as the distances between
     * rows are: so they are where the heads' widths are multiples of 16 bytes, as those of all known models are.
     */
    private void atOnce(Shape shape, Gemm gemm, HeadMatrices a, HeadMatrices b, HeadMatrices c) {
        int count = shape.batch() * shape.keyValueHeads();
        Block addresses = execution.memory().take(3L * Long.BYTES * count);
        long first = addresses.address();
        execution.run(execution
                .launch()
                .ofCells("addresses", shape.batch(), shape.keyValueHeads(), 1)
                .with(first)
                .with(shape.batch())
                .with(shape.keyValueHeads())
                .with(b.address())
                .with(b.example())
                .with(b.head())
                .with(a.address())
                .with(a.example())
                .with(a.head())
                .with(c.address())
                .with(c.example())
                .with(c.head()));
        long bytes = (long) Long.BYTES * count;
        execution.stream().batchedGemm(gemm, count, first, first + bytes, first + 2 * bytes, execution.workspace());
        execution.memory().giveBack(addresses);
    }

    private void oneByOne(Shape shape, Gemm gemm, HeadMatrices a, HeadMatrices b, HeadMatrices c) {
        for (int example = 0; example < shape.batch(); example++) {
            for (int head = 0; head < shape.keyValueHeads(); head++) {
                execution.stream()
                        .gemm(
                                gemm,
                                b.address(example, head),
                                a.address(example, head),
                                c.address(example, head),
                                0,
                                0,
                                execution.workspace());
            }
        }
    }
}
