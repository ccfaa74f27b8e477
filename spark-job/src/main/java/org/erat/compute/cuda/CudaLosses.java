package org.erat.compute.cuda;

import java.nio.FloatBuffer;
import org.erat.compute.Losses;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** Losses and their gradients. */
final class CudaLosses implements Losses {
    private final Execution execution;

    CudaLosses(Execution execution) {
        this.execution = execution;
    }

    @Override
    public void crossEntropy(Tensor logits, int[] classes, double smoothing, double weight, Tensor losses) {
        Shapes.checkCrossEntropy(logits, classes, smoothing, losses);
        StridedTensor given = DeviceBlock.single("crossEntropy", "logits", logits);
        Block onDevice = execution.upload(classes);
        execution.run(execution
                .launch()
                .ofRows("cross_entropy", given.rows(), given.columns())
                .with(given)
                .with(onDevice.address())
                .withFloat((float) smoothing)
                .withFloat((float) weight)
                .with(DeviceBlock.single("crossEntropy", "losses", losses).address())
                .with(given.rows())
                .with(given.columns()));
        execution.memory().giveBack(onDevice);
    }

    @Override
    public void binaryCrossEntropy(Tensor logits, float[] targets, double weight, Tensor losses) {
        Shapes.checkBinaryCrossEntropy(logits, targets, losses);
        StridedTensor given = DeviceBlock.single("binaryCrossEntropy", "logits", logits);
        try (StridedTensor onDevice = execution.allocate(Dtype.F32, targets.length)) {
            execution.staging().upload(FloatBuffer.wrap(targets), onDevice.address());
            execution.run(execution
                    .launch()
                    .ofRows("binary_cross_entropy", given.rows(), given.columns())
                    .with(given)
                    .with(onDevice.address())
                    .withFloat((float) weight)
                    .with(DeviceBlock.single("binaryCrossEntropy", "losses", losses)
                            .address())
                    .with(given.rows())
                    .with(given.columns()));
        }
    }

    @Override
    public void squaredError(Tensor outputs, float[] targets, double weight, Tensor losses) {
        Shapes.checkSquaredError(outputs, targets, losses);
        StridedTensor given = DeviceBlock.single("squaredError", "outputs", outputs);
        try (StridedTensor onDevice = execution.allocate(Dtype.F32, targets.length)) {
            execution.staging().upload(FloatBuffer.wrap(targets), onDevice.address());
            execution.run(execution
                    .launch()
                    .ofCells("squared_error", given.rows(), 1, 1)
                    .with(given)
                    .with(onDevice.address())
                    .withFloat((float) weight)
                    .with(DeviceBlock.single("squaredError", "losses", losses).address())
                    .with(given.rows()));
        }
    }
}
