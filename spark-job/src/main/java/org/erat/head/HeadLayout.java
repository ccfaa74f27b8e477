package org.erat.head;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.erat.compute.Tensor;

/**
 * The parameters of a head: arrays one after the other, none for a language model. Weights are [out,in] row-major, as PyTorch has them.
 *
 * @param arrays in order
 */
public record HeadLayout(List<Array> arrays) implements Serializable {
    /**
     * One array.
     *
     * @param name such as {@code dense.weight}
     * @param rows out for a weight, 1 for a bias
     * @param columns in for a weight, out for a bias
     * @param isBias whether it is a vector [columns]
     * @param offset index of its first value among those of the head
     */
    public record Array(String name, int rows, int columns, boolean isBias, int offset) implements Serializable {
        public int length() {
            return rows * columns;
        }

        /** Its dimensions: [out,in] or [out]. */
        public long[] shape() {
            return isBias ? new long[] {columns} : new long[] {rows, columns};
        }

        /**
         * The array within a vector.
         *
         * @param from index of the head's first value
         */
        Tensor of(Tensor vector, long from) {
            return vector.matrix(from + offset, rows, columns);
        }
    }

    public HeadLayout {
        arrays = List.copyOf(arrays);
    }

    static HeadLayout of(HeadSpec spec) {
        if (spec.predictsTokens()) {
            return new HeadLayout(List.of());
        }
        List<Array> arrays = new ArrayList<>();
        if (spec.hasDense()) {
            addLinear(arrays, "dense", spec.width(), spec.width());
            addLinear(arrays, "out_proj", spec.outputs(), spec.width());
        } else {
            addLinear(arrays, "classifier", spec.outputs(), spec.width());
        }
        return new HeadLayout(arrays);
    }

    private static void addLinear(List<Array> arrays, String name, int out, int in) {
        arrays.add(new Array(name + ".weight", out, in, false, end(arrays)));
        arrays.add(new Array(name + ".bias", 1, out, true, end(arrays)));
    }

    private static int end(List<Array> arrays) {
        return arrays.isEmpty()
                ? 0
                : arrays.get(arrays.size() - 1).offset()
                        + arrays.get(arrays.size() - 1).length();
    }

    /** Values of all arrays. */
    public int length() {
        return end(arrays);
    }
}
