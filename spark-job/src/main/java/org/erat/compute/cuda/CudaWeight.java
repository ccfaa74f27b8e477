package org.erat.compute.cuda;

import org.erat.compute.FrozenLinear;
import org.erat.compute.memory.StridedTensor;

/**
 * W [O,I] and b [O] in the dtype of activations, row by row, as the products of both directions read them.
 *
 * @param matrix W
 * @param bias b, added by the product itself
 * @param ownsMatrix whether closing the map closes W
 */
record CudaWeight(StridedTensor matrix, StridedTensor bias, boolean ownsMatrix) implements FrozenLinear {
    static CudaWeight of(FrozenLinear map) {
        if (!(map instanceof CudaWeight own)) {
            throw new IllegalArgumentException(
                    "linear map of another backend: " + map.getClass().getSimpleName());
        }
        // Throws where the weight is closed.
        DeviceBlock.tensor(own.matrix());
        return own;
    }

    @Override
    public long in() {
        return matrix.columns();
    }

    @Override
    public long out() {
        return matrix.rows();
    }

    @Override
    public void close() {
        if (ownsMatrix) {
            matrix.close();
        }
        bias.close();
    }
}
