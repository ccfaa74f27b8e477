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
     * @param kind what it is
     * @param rows out for the weight of a linear map, 1 for a vector
     * @param columns in for the weight of a linear map, the length of a vector
     * @param offset index of its first value among those of the head
     */
    public record Array(String name, Kind kind, int rows, int columns, int offset) implements Serializable {
        public int length() {
            return rows * columns;
        }

        /** Its dimensions: [out,in] or [out]. */
        public long[] shape() {
            return kind == Kind.WEIGHT ? new long[] {rows, columns} : new long[] {columns};
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

    /** What an array is. */
    public enum Kind {
        /** The weight [out,in] of a linear map. */
        WEIGHT,
        /** A bias [out]. */
        BIAS,
        /** The weight [H] of a norm, which starts at 1. */
        NORM
    }

    public HeadLayout {
        arrays = List.copyOf(arrays);
    }

    static HeadLayout of(HeadSpec spec) {
        List<Array> arrays = new ArrayList<>();
        List<TaskHead.Linear> layers = spec.layers().layers();
        for (int i = 0; i < layers.size(); i++) {
            addLinear(arrays, layers.get(i), i < layers.size() - 1 ? spec.width() : spec.outputs(), spec.width());
            if (i < spec.layers().norms().size()) {
                addNorm(arrays, spec.layers().norms().get(i), spec.width());
            }
        }
        return new HeadLayout(arrays);
    }

    private static void addLinear(List<Array> arrays, TaskHead.Linear layer, int out, int in) {
        arrays.add(new Array(ModelTensors.weight(layer.name()), Kind.WEIGHT, out, in, end(arrays)));
        if (layer.biased()) {
            arrays.add(new Array(ModelTensors.bias(layer.name()), Kind.BIAS, 1, out, end(arrays)));
        }
    }

    private static void addNorm(List<Array> arrays, TaskHead.Norm norm, int width) {
        arrays.add(new Array(ModelTensors.weight(norm.name()), Kind.NORM, 1, width, end(arrays)));
        if (norm.biased()) {
            arrays.add(new Array(ModelTensors.bias(norm.name()), Kind.BIAS, 1, width, end(arrays)));
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
