package org.erat.compute.onednn;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/**
 * How a matrix lies in memory: what a primitive is made for, whatever its addresses.
 *
 * @param stride elements from one row to the next
 */
record Layout(Dtype dtype, long rows, long columns, long stride) {
    static Layout of(StridedTensor tensor) {
        return new Layout(tensor.dtype(), tensor.rows(), tensor.columns(), tensor.stride());
    }

    /** A new descriptor; the caller destroys it. */
    dnnl_memory_desc descriptor() {
        return OneDnn.strided(OneDnn.type(dtype), new long[] {rows, columns}, new long[] {stride, 1});
    }

    /** A new descriptor of the transposed matrix; the caller destroys it. */
    dnnl_memory_desc transposed() {
        return OneDnn.strided(OneDnn.type(dtype), new long[] {columns, rows}, new long[] {1, stride});
    }
}
