package org.erat.head;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.erat.compute.Tensor;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.TaskHead;

/**
 * The parameters of a head: arrays one after the other, none for a language model. Weights are [out,in] row-major, as PyTorch has them.
 *
 * @param arrays in order
 */
public record HeadLayout(List<Array> arrays) implements Serializable {
    /**
     * One array.
     *
     * @param name in the transformers library's class, such as {@code classifier.weight}
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
        List<Array> arrays = new ArrayList<>();
        List<TaskHead.Linear> layers = spec.layers().layers();
        for (int i = 0; i < layers.size(); i++) {
            addLinear(arrays, layers.get(i), i < layers.size() - 1 ? spec.width() : spec.outputs(), spec.width());
        }
        return new HeadLayout(arrays);
    }

    private static void addLinear(List<Array> arrays, TaskHead.Linear layer, int out, int in) {
        arrays.add(new Array(ModelTensors.weight(layer.name()), out, in, false, end(arrays)));
        if (layer.biased()) {
            arrays.add(new Array(ModelTensors.bias(layer.name()), 1, out, true, end(arrays)));
        }
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
