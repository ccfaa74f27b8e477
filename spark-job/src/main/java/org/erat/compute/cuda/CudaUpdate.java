package org.erat.compute.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.erat.compute.AdamW;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.Update;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** The end of a step: its summary, clipping, and AdamW. */
final class CudaUpdate implements Update {
    /** Values whose squares one warp adds. */
    private static final long SQUARES = 1024;

    /** Values that one warp updates. */
    private static final int UPDATED = 1024;

    /** Bytes of a {@code Piece} of the kernel. */
    private static final int PIECE = 3 * Long.BYTES + 3 * Float.BYTES + Integer.BYTES;

    private final Execution execution;
    private ByteBuffer pieces = direct(1);

    CudaUpdate(Execution execution) {
        this.execution = execution;
    }

    private static ByteBuffer direct(int count) {
        return ByteBuffer.allocateDirect(PIECE * count).order(ByteOrder.nativeOrder());
    }

    @Override
    public void clip(Tensor losses, Tensor gradient, double maxNorm, Tensor summary) {
        Shapes.checkClip(losses, gradient, summary);
        StridedTensor all = DeviceBlock.single("clip", "gradient", gradient);
        StridedTensor ofRows = DeviceBlock.single("clip", "losses", losses);
        StridedTensor into = DeviceBlock.single("clip", "summary", summary);
        long count = (all.columns() + SQUARES - 1) / SQUARES;
        try (StridedTensor sums = execution.allocate(Dtype.F32, count)) {
            execution.run(execution
                    .launch()
                    .ofRows("sums_of_squares", count, SQUARES)
                    .with(all.address())
                    .with(all.columns())
                    .with(SQUARES)
                    .with(sums.address())
                    .with(count));
            execution.run(execution
                    .launch()
                    .ofRows("step_summary", 1, count)
                    .with(ofRows.address())
                    .with(ofRows.columns())
                    .with(sums.address())
                    .with(count)
                    .with(into.address()));
        }
        if (maxNorm > 0) {
            execution.run(execution
                    .launch()
                    .ofCells("clip_gradient", 1, all.columns(), 1)
                    .with(all.address())
                    .with(all.columns())
                    .withFloat((float) maxNorm)
                    .with(into.address()));
        }
    }

    @Override
    public void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Segment> segments,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary) {
        Shapes.checkAdamW(segments, parameters, gradient, state, summary);
        int count = 0;
        for (AdamW.Segment segment : segments) {
            count += Math.toIntExact((segment.length() + UPDATED - 1) / UPDATED);
        }
        if (count == 0) {
            return;
        }
        if (pieces.capacity() < PIECE * count) {
            pieces = direct(count);
        }
        write(rule, segments, pieces.clear());
        Block onDevice = execution.memory().take((long) PIECE * count);
        execution.staging().upload(pieces.clear(), PIECE * count, onDevice.address());
        execution.run(execution
                .launch()
                .ofRows("adamw", count, UPDATED)
                .with(onDevice.address())
                .with(count)
                .with(DeviceBlock.single("adamW", "parameters", parameters).address())
                .with(DeviceBlock.single("adamW", "gradient", gradient).address())
                .with(DeviceBlock.single("adamW", "state", state).address())
                .with(DeviceBlock.single("adamW", "summary", summary).address())
                .withFloat((float) learningRate)
                .withFloat((float) rule.beta1())
                .withFloat((float) rule.beta2())
                .withFloat((float) (1 - rule.beta1()))
                .withFloat((float) (1 - rule.beta2()))
                .withFloat((float) rule.epsilon()));
        execution.memory().giveBack(onDevice);
    }

    private static void write(AdamW rule, List<AdamW.Segment> segments, ByteBuffer into) {
        for (AdamW.Segment segment : segments) {
            for (long at = 0; at < segment.length(); at += UPDATED) {
                into.putLong(segment.from() + at)
                        .putLong(segment.first() + at)
                        .putLong(segment.second() + at)
                        .putFloat((float) rule.firstCorrection(segment.steps()))
                        .putFloat((float) rule.secondCorrection(segment.steps()))
                        .putFloat((float) segment.weightDecay())
                        .putInt((int) Math.min(UPDATED, segment.length() - at));
            }
        }
    }
}
