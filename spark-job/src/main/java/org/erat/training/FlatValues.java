package org.erat.training;

import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A graph's flat arrays as Java's, in one copy: ND4J itself moves them element by element. */
final class FlatValues {
    private FlatValues() {}

    /** The values of a flat array. */
    static float[] read(INDArray flat) {
        if (flat.dataType() != DataType.FLOAT) {
            return flat.toFloatVector();
        }
        float[] values = new float[Math.toIntExact(flat.length())];
        new FloatPointer(flat.data().addressPointer()).get(values);
        return values;
    }

    /** Sets a flat array. */
    static void write(float[] values, INDArray flat) {
        if (values.length != flat.length()) {
            throw new IllegalArgumentException(values.length + " values for an array of " + flat.length());
        }
        if (flat.dataType() != DataType.FLOAT) {
            flat.assign(Nd4j.createFromArray(values).reshape(flat.shape()));
            return;
        }
        new FloatPointer(flat.data().addressPointer()).put(values);
    }
}
