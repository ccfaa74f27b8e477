package org.erat.compute.onednn;

import java.nio.Buffer;
import java.nio.FloatBuffer;
import javax.annotation.Nullable;
import org.erat.compute.Memory;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.HostBuffers;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** Tensors in the memory of the host, and copies between them and buffers of Java. */
final class OneDnnMemory implements Memory {
    private final Execution execution;

    OneDnnMemory(Execution execution) {
        this.execution = execution;
    }

    Execution execution() {
        return execution;
    }

    @Override
    public boolean onDevice() {
        return false;
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
        if (dtype == Dtype.F32 && values instanceof FloatBuffer floats) {
            HostBlock.of(tensor).floats().put(0, floats, floats.position(), floats.remaining());
            return tensor;
        }
        float[] row = new float[(int) tensor.columns()];
        for (int i = 0; i < tensor.rows(); i++) {
            HostBuffers.get(values, i * row.length, row, row.length);
            HostBlock.putRow(tensor, i, row);
        }
        return tensor;
    }

    /** Closing the tensor only makes it unusable: the memory is that of the values. */
    @Override
    @Nullable
    public Tensor share(Buffer values, Dtype dtype, long... shape) {
        Shapes.checkUpload(values, shape);
        if (dtype != Dtype.F32 || !HostBuffers.areNativeFloats(values)) {
            return null;
        }
        return StridedTensor.over(HostBlock.over((FloatBuffer) values), dtype, block -> {}, shape);
    }

    @Override
    public void download(Tensor tensor, Buffer into) {
        Shapes.checkDownload(tensor, into);
        StridedTensor source = HostBlock.tensor(tensor);
        if (source.dtype() == Dtype.F32 && source.isDense() && into instanceof FloatBuffer floats) {
            FloatBuffer values = HostBlock.of(source).floats();
            floats.put(floats.position(), values, HostBlock.index(source, 0), floats.remaining());
            return;
        }
        float[] row = new float[(int) source.columns()];
        for (int i = 0; i < source.rows(); i++) {
            HostBlock.getRow(source, i, row);
            HostBuffers.put(into, i * row.length, row, row.length);
        }
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
