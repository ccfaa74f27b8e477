package org.erat.compute.cuda;

import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** A piece of a device's memory. */
final class DeviceBlock extends Block {
    DeviceBlock(long address, long bytes) {
        super(address, bytes);
    }

    /** A tensor on a device. */
    static StridedTensor tensor(Tensor tensor) {
        return StridedTensor.of(tensor, DeviceBlock.class);
    }

    /** The same of a tensor that has to be in f32, as frozen vectors are and {@code allocateSingle} gives them. */
    static StridedTensor single(String primitive, String operand, Tensor tensor) {
        StridedTensor own = tensor(tensor);
        Shapes.require(
                own.dtype() == Dtype.F32,
                "%s: %s must be in F32, as frozen vectors are and allocateSingle gives them, but is in %s",
                primitive,
                operand,
                own.dtype());
        return own;
    }
}
