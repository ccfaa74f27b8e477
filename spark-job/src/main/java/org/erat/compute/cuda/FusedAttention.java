package org.erat.compute.cuda;

import java.util.Set;
import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/**
 * Attention whose weights never reach the device's memory (FlashAttention-2, arXiv 2307.08691). For its backward pass it
 * keeps the base 2 logarithm of each query's sum, [B·A·T] in f32, and reads the output again.
 */
final class FusedAttention {
    /** Widths D of a head that there are kernels for. */
    private static final Set<Long> DEPTHS = Set.of(32L, 64L, 128L);

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

    /** Whether it can: bf16 is chosen on devices only that multiply it, which are those that have its instructions. */
    static boolean does(Tensor qkv, AttentionShape shape) {
        long depth = Shapes.checkAttention("attention", qkv, shape) / shape.heads();
        return CudaTensor.of(qkv).format() == Format.BF16 && DEPTHS.contains(depth);
    }

    Attended forward(Tensor qkv, AttentionShape shape) {
        int width = Shapes.checkAttention("attention", qkv, shape);
        CudaTensor given = CudaTensor.of(qkv);
        CudaTensor in = inChunks(given);
        CudaTensor logs = execution.allocate(Format.F32, queries(shape));
        CudaTensor y = execution.allocate(in.format(), in.rowsCount(), width);
        execution.run(with(kernel("attention", width, shape).with(in).with(y).with(logs.address()), width, shape));
        Execution.release(given, in);
        return new Attended(y, logs, true);
    }

    CudaTensor backward(Tensor dy, Tensor qkv, AttentionShape shape, Attended saved) {
        int width = Shapes.checkAttentionBackward(dy, qkv, shape);
        Shapes.checkShape("attentionBackward", "the logarithms kept", saved.kept(), queries(shape));
        Shapes.checkShape("attentionBackward", "output", saved.output(), dy.shape());
        CudaTensor givenQkv = CudaTensor.of(qkv);
        CudaTensor givenDy = CudaTensor.of(dy);
        CudaTensor in = inChunks(givenQkv);
        CudaTensor gradient = inChunks(givenDy);
        CudaTensor y = CudaTensor.of(saved.output());
        CudaTensor logs = CudaTensor.of(saved.kept());
        CudaTensor deltas = execution.allocate(Format.F32, queries(shape));
        CudaTensor dqkv = execution.allocate(in.format(), in.rowsCount(), 3L * width);
        execution.run(with(
                kernel("attention_backward_of_queries", width, shape)
                        .with(in)
                        .with(y)
                        .with(gradient)
                        .with(logs.address())
                        .with(deltas.address())
                        .with(dqkv),
                width,
                shape));
        execution.run(with(
                kernel("attention_backward_of_keys", width, shape)
                        .with(in)
                        .with(gradient)
                        .with(logs.address())
                        .with(deltas.address())
                        .with(dqkv),
                width,
                shape));
        deltas.close();
        Execution.release(givenDy, gradient);
        Execution.release(givenQkv, in);
        return dqkv;
    }

    /** B·A·T. */
    private static long queries(AttentionShape shape) {
        return (long) shape.batch() * shape.heads() * shape.tokens();
    }

    /** In bf16 and such that 16 bytes are copied at once: {@code tensor} itself where it is so, else a copy to release. */
    private CudaTensor inChunks(CudaTensor tensor) {
        boolean ready = tensor.format() == Format.BF16
                && tensor.address() % CHUNK == 0
                && tensor.stride() * CudaTensor.bytes(tensor.format()) % CHUNK == 0;
        return ready ? tensor : execution.copy(tensor, Format.BF16);
    }

    private Launch kernel(String name, int width, AttentionShape shape) {
        int depth = width / shape.heads();
        int rows = depth > 64 ? ROWS_OF_WIDE_HEADS : ROWS;
        long blocks = (shape.tokens() + rows - 1L) / rows * shape.batch() * shape.heads();
        return execution
                .launch()
                .ofBlocks(
                        name + "_" + depth,
                        (long) shape.batch() * shape.tokens(),
                        3L * width,
                        Math.toIntExact(blocks),
                        THREADS);
    }

    private Launch with(Launch launch, int width, AttentionShape shape) {
        return launch.with(execution.lengths(shape.lengths()))
                .withInt(shape.tokens())
                .withInt(shape.heads())
                .withFloat((float) (1 / Math.sqrt((double) width / shape.heads())));
    }
}
