package org.erat.compute.cuda;

import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/**
 * Attention as products of batches of matrices that lie strided within [N,3H] and [N,H], and a softmax between them:
 * nothing is transposed or copied. For what {@link FusedAttention} does not do.
 *
 * <p>The attention weights of padding queries are set to zero; so their output is zero, and so is, in the backward pass,
 * all that would come of what {@code dy} holds there.
 */
final class Attention {
    private final Execution execution;

    Attention(Execution execution) {
        this.execution = execution;
    }

    /**
     * The matrices of all examples and heads within a tensor, by rows.
     *
     * @param address of the first one
     * @param stride elements from one row to the next
     * @param example bytes from one example to the next
     * @param head bytes from one head to the next
     */
    private record Matrices(
            long address, Format format, long rows, long columns, long stride, long example, long head) {
        long address(int ofExample, int ofHead) {
            return address + ofExample * example + ofHead * head;
        }

        boolean isAligned() {
            return address % 16 == 0;
        }
    }

    private record Geometry(AttentionShape shape, int width) {
        int depth() {
            return width / shape.heads();
        }

        double scale() {
            return 1 / Math.sqrt(depth());
        }

        /** [T, D] of each head: part 0, 1 or 2 of the rows of {@code tensor}, each of the width H. */
        Matrices heads(CudaTensor tensor, long part) {
            long bytes = CudaTensor.bytes(tensor.format());
            return new Matrices(
                    tensor.address() + part * width * bytes,
                    tensor.format(),
                    shape.tokens(),
                    depth(),
                    tensor.stride(),
                    shape.tokens() * tensor.stride() * bytes,
                    depth() * bytes);
        }

        /** [T, T] of each head within a dense [B·A·T, T]. */
        Matrices weights(CudaTensor tensor) {
            long size = (long) shape.tokens() * shape.tokens() * CudaTensor.bytes(tensor.format());
            return new Matrices(
                    tensor.address(),
                    tensor.format(),
                    shape.tokens(),
                    shape.tokens(),
                    shape.tokens(),
                    shape.heads() * size,
                    size);
        }
    }

    Attended forward(Tensor qkv, AttentionShape shape) {
        Geometry geometry = new Geometry(shape, Shapes.checkAttention("attention", qkv, shape));
        CudaTensor in = CudaTensor.of(qkv);
        CudaTensor weights = execution.allocate(in.format(), in.rowsCount() * shape.heads(), shape.tokens());
        CudaTensor scores = weights.format() == Format.F32
                ? weights
                : execution.allocate(Format.F32, weights.rowsCount(), weights.columnsCount());
        products(
                geometry,
                geometry.heads(in, 0),
                false,
                geometry.heads(in, 1),
                true,
                geometry.scale(),
                geometry.weights(scores));
        softmax(geometry, scores, weights);
        Execution.release(weights, scores);
        CudaTensor y = execution.allocate(in.format(), in.rowsCount(), geometry.width());
        products(geometry, geometry.weights(weights), false, geometry.heads(in, 2), false, 1, geometry.heads(y, 0));
        return new Attended(y, weights, false);
    }

    CudaTensor backward(Tensor dy, Tensor qkv, AttentionShape shape, Attended saved) {
        Geometry geometry = new Geometry(shape, Shapes.checkAttentionBackward(dy, qkv, shape));
        Shapes.checkAttentionWeights(saved.kept(), shape);
        CudaTensor in = CudaTensor.of(qkv);
        CudaTensor given = CudaTensor.of(dy);
        CudaTensor gradient = execution.in(in.format(), given);
        CudaTensor weights = CudaTensor.of(saved.kept());
        CudaTensor dqkv = execution.allocate(in.format(), in.rowsCount(), 3L * geometry.width());
        CudaTensor dScores = execution.allocate(in.format(), weights.rowsCount(), weights.columnsCount());
        Matrices dContext = geometry.heads(gradient, 0);
        products(geometry, geometry.weights(weights), true, dContext, false, 1, geometry.heads(dqkv, 2));
        products(geometry, dContext, false, geometry.heads(in, 2), true, 1, geometry.weights(dScores));
        softmaxBackward(weights, dScores);
        Matrices scores = geometry.weights(dScores);
        products(geometry, scores, false, geometry.heads(in, 1), false, geometry.scale(), geometry.heads(dqkv, 0));
        products(geometry, scores, true, geometry.heads(in, 0), false, geometry.scale(), geometry.heads(dqkv, 1));
        dScores.close();
        Execution.release(given, gradient);
        return dqkv;
    }

    private void softmax(Geometry geometry, CudaTensor scores, CudaTensor weights) {
        String kernel = Execution.name("softmax", Execution.width(scores, weights), weights.format());
        execution.run(execution
                .launch()
                .ofRows(kernel, weights.rowsCount(), weights.columnsCount())
                .with(scores.address())
                .with(weights.address())
                .with(execution.lengths(geometry.shape().lengths()))
                .with(weights.rowsCount())
                .with(weights.columnsCount())
                .with(geometry.shape().heads()));
    }

    private void softmaxBackward(CudaTensor weights, CudaTensor gradient) {
        String kernel = Execution.name("softmax_backward", Execution.width(weights, gradient), weights.format());
        execution.run(execution
                .launch()
                .ofRows(kernel, weights.rowsCount(), weights.columnsCount())
                .with(weights.address())
                .with(gradient.address())
                .with(weights.rowsCount())
                .with(weights.columnsCount()));
    }

    /** c = alpha·op(a)·op(b) of every example and head; by columns the right operand comes first. */
    private void products(
            Geometry geometry,
            Matrices a,
            boolean transposeA,
            Matrices b,
            boolean transposeB,
            double alpha,
            Matrices c) {
        Product product = new Product(
                transposeB,
                transposeA,
                (int) c.columns(),
                (int) c.rows(),
                (int) (transposeA ? a.rows() : a.columns()),
                a.format(),
                c.format(),
                b.stride(),
                a.stride(),
                c.stride(),
                (float) alpha,
                0,
                Epilogue.NONE);
        if (geometry.depth() % 8 == 0 && a.isAligned() && b.isAligned() && c.isAligned()) {
            atOnce(geometry.shape(), product, a, b, c);
        } else {
            oneByOne(geometry.shape(), product, a, b, c);
        }
    }

    /**
     * Of addresses that lie on the device cuBLAS sees nothing, and takes them to be as aligned as the distances between
     * rows are: so they are where the heads' widths are multiples of 16 bytes, as those of all known models are.
     */
    private void atOnce(AttentionShape shape, Product product, Matrices a, Matrices b, Matrices c) {
        int count = shape.batch() * shape.heads();
        DevicePool.Block addresses = execution.pool().take(3L * Long.BYTES * count);
        long first = addresses.address();
        execution.run(execution
                .launch()
                .ofCells("addresses", shape.batch(), shape.heads(), 1)
                .with(first)
                .with(shape.batch())
                .with(shape.heads())
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
        execution.stream().products(product, count, first, first + bytes, first + 2 * bytes, execution.workspace());
        execution.pool().giveBack(addresses);
    }

    private void oneByOne(AttentionShape shape, Product product, Matrices a, Matrices b, Matrices c) {
        for (int example = 0; example < shape.batch(); example++) {
            for (int head = 0; head < shape.heads(); head++) {
                execution.stream()
                        .product(
                                product,
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
