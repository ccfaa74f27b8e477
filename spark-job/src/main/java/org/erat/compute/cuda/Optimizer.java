package org.erat.compute.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.erat.compute.AdamW;
import org.erat.compute.Loss;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The end of a step: losses and their gradient, what the step amounts to, and AdamW. */
final class Optimizer {
    /** Values whose squares one warp adds. */
    private static final long SQUARES = 1024;

    /** Values that one warp moves. */
    private static final int MOVED = 1024;

    /** Bytes of a {@code Piece} of the kernel. */
    private static final int PIECE = 3 * Long.BYTES + 3 * Float.BYTES + Integer.BYTES;

    private final Execution execution;
    private final HostCopies copies;

    Optimizer(Execution execution, HostCopies copies) {
        this.execution = execution;
        this.copies = copies;
    }

    CudaTensor loss(Loss loss, Tensor outputs, INDArray targets, Tensor losses) {
        Shapes.checkLoss(outputs, targets.shape(), losses);
        CudaTensor given = CudaTensor.single("loss", "outputs", outputs);
        CudaTensor gradient = execution.allocate(Precision.F32, outputs.shape());
        try (CudaTensor wanted = copies.upload(targets, Precision.F32)) {
            execution.run(execution
                    .launch()
                    .ofRows("loss_of_examples", given.rowsCount(), given.columnsCount())
                    .with(given)
                    .with(wanted.address())
                    .with(CudaTensor.single("loss", "losses", losses).address())
                    .with(gradient.address())
                    .with(given.rowsCount())
                    .with(given.columnsCount())
                    .withInt(number(loss)));
        }
        return gradient;
    }

    /** What the kernel calls it. */
    private static int number(Loss loss) {
        return switch (loss) {
            case CROSS_ENTROPY -> 0;
            case SQUARED_ERROR -> 1;
        };
    }

    void summarise(Tensor losses, Tensor gradient, double largestNorm, Tensor summary) {
        Shapes.checkSummary(losses, gradient, summary);
        CudaTensor all = CudaTensor.single("summarise", "gradient", gradient);
        long pieces = (all.columnsCount() + SQUARES - 1) / SQUARES;
        try (CudaTensor sums = execution.allocate(Precision.F32, pieces)) {
            execution.run(execution
                    .launch()
                    .ofRows("sums_of_squares", pieces, SQUARES)
                    .with(all.address())
                    .with(all.columnsCount())
                    .with(SQUARES)
                    .with(sums.address())
                    .with(pieces));
            CudaTensor ofExamples = CudaTensor.single("summarise", "losses", losses);
            execution.run(execution
                    .launch()
                    .ofRows("step_summary", 1, pieces)
                    .with(ofExamples.address())
                    .with(ofExamples.columnsCount())
                    .with(sums.address())
                    .with(pieces)
                    .withFloat((float) largestNorm)
                    .with(CudaTensor.single("summarise", "summary", summary).address()));
        }
    }

    void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Stretch> stretches,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary) {
        Shapes.checkAdamW(stretches, parameters, gradient, state, summary);
        int count = stretches.stream()
                .mapToInt(stretch -> Math.toIntExact((stretch.length() + MOVED - 1) / MOVED))
                .sum();
        if (count == 0) {
            return;
        }
        DevicePool.Block pieces = execution.pool().take((long) PIECE * count);
        try (BytePointer host = new BytePointer((long) PIECE * count)) {
            write(rule, stretches, host.asByteBuffer().order(ByteOrder.nativeOrder()));
            execution.stream().upload(host, pieces.address(), (long) PIECE * count);
        }
        execution.run(execution
                .launch()
                .ofRows("adamw", count, MOVED)
                .with(pieces.address())
                .with(count)
                .with(CudaTensor.single("adamW", "parameters", parameters).address())
                .with(CudaTensor.single("adamW", "gradient", gradient).address())
                .with(CudaTensor.single("adamW", "state", state).address())
                .with(CudaTensor.single("adamW", "summary", summary).address())
                .withFloat((float) learningRate)
                .withFloat((float) rule.beta1())
                .withFloat((float) rule.beta2())
                .withFloat((float) (1 - rule.beta1()))
                .withFloat((float) (1 - rule.beta2()))
                .withFloat((float) rule.epsilon()));
        execution.pool().giveBack(pieces);
    }

    private static void write(AdamW rule, List<AdamW.Stretch> stretches, ByteBuffer into) {
        for (AdamW.Stretch stretch : stretches) {
            for (long at = 0; at < stretch.length(); at += MOVED) {
                into.putLong(stretch.from() + at)
                        .putLong(stretch.first() + at)
                        .putLong(stretch.second() + at)
                        .putFloat((float) rule.firstCorrection(stretch.steps()))
                        .putFloat((float) rule.secondCorrection(stretch.steps()))
                        .putFloat((float) stretch.weightDecay())
                        .putInt((int) Math.min(MOVED, stretch.length() - at));
            }
        }
    }
}
