package org.erat.compute.cuda;

import java.util.Set;
import org.erat.compute.Attention.Attended;
import org.erat.compute.Attention.Shape;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/**
 * Attention whose softmax never reaches the device's memory (FlashAttention-2, arXiv 2307.08691). For its backward pass it
 * keeps the base 2 logarithm of each query's sum, [B·A·T] in f32, and reads the output again.
 */
final class FusedAttention {
    /** Widths D of a head that there are kernels for. */
    private static final Set<Integer> WIDTHS = Set.of(32, 64, 128);

    private static final int THREADS = 128;

    /** Rows of a head that a block of threads owns: 64 times the M of the kernels. */
    private static final int ROWS = 128;

    private static final int ROWS_OF_WIDE_HEADS = 64;

    /** Bytes that are copied at once. */
    private static final long CHUNK = 16;

    private final Execution execution;

    FusedAttention(Execution execution) {
        this.execution = execution;
    }

    /**
     * Whether there are kernels for it: in bf16, which is chosen only on devices that have its instructions, of as many
     * key/value heads as heads, where every query sees every key.
     */
    static boolean serves(Dtype dtype, Shape shape) {
        return dtype == Dtype.BF16
                && WIDTHS.contains(shape.headWidth())
                && shape.keyValueHeads() == shape.heads()
                && !shape.hidesKeys();
    }

    Attended forward(Tensor qkv, Shape shape) {
        StridedTensor given = DeviceBlock.tensor(qkv);
        StridedTensor in = inChunks(given);
        StridedTensor logs = execution.allocate(Dtype.F32, queries(shape));
        StridedTensor y = execution.allocate(in.dtype(), in.rows(), shape.queryWidth());
        execution.run(with(kernel("attention", shape).with(in).with(y).with(logs.address()), shape));
        Execution.release(given, in);
        return new Attended(y, logs, true);
    }

    StridedTensor backward(Tensor dy, Tensor qkv, Shape shape, Attended saved) {
        Shapes.checkAttentionBackward(dy, qkv, shape);
        Shapes.checkShape("attentionBackward", "the logarithms kept", saved.kept(), queries(shape));
        Shapes.checkShape("attentionBackward", "output", saved.output(), dy.shape());
        StridedTensor givenQkv = DeviceBlock.tensor(qkv);
        StridedTensor givenDy = DeviceBlock.tensor(dy);
        StridedTensor in = inChunks(givenQkv);
        StridedTensor gradient = inChunks(givenDy);
        StridedTensor y = DeviceBlock.tensor(saved.output());
        StridedTensor logs = DeviceBlock.tensor(saved.kept());
        StridedTensor deltas = execution.allocate(Dtype.F32, queries(shape));
        StridedTensor dqkv = execution.allocate(in.dtype(), in.rows(), shape.width());
        execution.run(with(
                kernel("attention_backward_of_queries", shape)
                        .with(in)
                        .with(y)
                        .with(gradient)
                        .with(logs.address())
                        .with(deltas.address())
                        .with(dqkv),
                shape));
        execution.run(with(
                kernel("attention_backward_of_keys", shape)
                        .with(in)
                        .with(gradient)
                        .with(logs.address())
                        .with(deltas.address())
                        .with(dqkv),
                shape));
        deltas.close();
        Execution.release(givenDy, gradient);
        Execution.release(givenQkv, in);
        return dqkv;
    }

    /** B·A·T. */
    private static long queries(Shape shape) {
        return shape.rows() * shape.heads();
    }

    /** In bf16 and such that 16 bytes are copied at once: {@code tensor} itself where it is so, else a copy to release. */
    private StridedTensor inChunks(StridedTensor tensor) {
        boolean ready = tensor.dtype() == Dtype.BF16
                && tensor.address() % CHUNK == 0
                && tensor.stride() * tensor.dtype().bytes() % CHUNK == 0;
        return ready ? tensor : execution.copy(tensor, Dtype.BF16);
    }

    private Launch kernel(String name, Shape shape) {
        int rows = shape.headWidth() > 64 ? ROWS_OF_WIDE_HEADS : ROWS;
        long blocks = (shape.tokens() + rows - 1L) / rows * shape.batch() * shape.heads();
        return execution
                .launch()
                .ofBlocks(
                        name + "_" + shape.headWidth(), shape.rows(), shape.width(), Math.toIntExact(blocks), THREADS);
    }

    private Launch with(Launch launch, Shape shape) {
        return launch.with(execution.lengths(shape.lengths()))
                .withInt(shape.tokens())
                .withInt(shape.heads())
                .withFloat((float) (1 / Math.sqrt((double) shape.headWidth())));
    }
}
