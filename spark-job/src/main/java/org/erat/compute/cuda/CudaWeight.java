package org.erat.compute.cuda;

import org.erat.compute.FrozenLinear;

/**
 * W [O,I] and b [O] in the format of activations, row by row, as the products of both directions read them.
 *
 * @param matrix W
 * @param bias b, added by the product itself, which takes it in the format of the result
 */
record CudaWeight(CudaTensor matrix, CudaTensor bias) implements FrozenLinear {
    static CudaWeight of(FrozenLinear map) {
        if (map instanceof CudaWeight own) {
            return own;
        }
        throw new IllegalArgumentException(
                "linear map of another backend: " + map.getClass().getSimpleName());
    }

    @Override
    public long in() {
        return matrix.columnsCount();
    }

    @Override
    public long out() {
        return matrix.rowsCount();
    }
}
