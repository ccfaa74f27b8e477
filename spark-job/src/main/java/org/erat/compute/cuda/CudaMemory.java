package org.erat.compute.cuda;

import java.nio.Buffer;
import javax.annotation.Nullable;
import org.erat.compute.Memory;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** Tensors on a device. Values cross between it and the host in f32; dtypes are converted on the device. */
final class CudaMemory implements Memory {
    private final Execution execution;

    CudaMemory(Execution execution) {
        this.execution = execution;
    }

    Execution execution() {
        return execution;
    }

    @Override
    public boolean onDevice() {
        return true;
    }

    @Override
    public Dtype activations() {
        return execution.activations();
    }

    @Override
    public Dtype single() {
        return Dtype.F32;
    }

    @Override
    public Tensor allocate(long... shape) {
        Shapes.checkTensor(shape);
        return execution.allocate(shape);
    }

    @Override
    public Tensor allocateSingle(long... shape) {
        Shapes.checkTensor(shape);
        return execution.allocate(Dtype.F32, shape);
    }

    @Override
    public Tensor upload(Buffer values, long... shape) {
        return upload(values, execution.activations(), shape);
    }

    @Override
    public Tensor uploadSingle(Buffer values, long... shape) {
        return upload(values, Dtype.F32, shape);
    }

    private StridedTensor upload(Buffer values, Dtype dtype, long... shape) {
        Shapes.checkUpload(values, shape);
        StridedTensor tensor = execution.allocate(dtype, shape);
        StridedTensor single = dtype == Dtype.F32 ? tensor : execution.allocate(Dtype.F32, shape);
        execution.staging().upload(values, single.address());
        if (single != tensor) {
            execution.copy(single, tensor);
            single.close();
        }
        return tensor;
    }

    /** None: tensors are on the device. */
    @Override
    @Nullable
    public Tensor share(Buffer values, Dtype dtype, long... shape) {
        return null;
    }

    @Override
    public void download(Tensor tensor, Buffer into) {
        Shapes.checkDownload(tensor, into);
        StridedTensor source = DeviceBlock.tensor(tensor);
        boolean ready = source.isDense() && source.dtype() == Dtype.F32;
        StridedTensor single = ready ? source : execution.copy(source, Dtype.F32);
        execution.staging().download(single.address(), into);
        Execution.release(source, single);
    }

    @Override
    public long outstanding() {
        return execution.memory().outstanding();
    }

    @Override
    public void release() {
        execution.release();
    }

    @Override
    public void close() {
        execution.close();
    }
}
