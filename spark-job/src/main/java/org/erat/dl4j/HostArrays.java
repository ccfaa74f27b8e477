package org.erat.dl4j;

import java.nio.Buffer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** ND4J's arrays as the buffers that {@code compute} takes. */
final class HostArrays {
    private HostArrays() {}

    /** The values of a contiguous array or view where they lie, as floats or doubles. */
    static Buffer of(INDArray array) {
        Pointer start = array.data().addressPointer();
        long length = array.length();
        return array.dataType() == DataType.DOUBLE
                ? new DoublePointer(start).capacity(length).asBuffer()
                : new FloatPointer(start).capacity(length).asBuffer();
    }

    /** Copies values to a flat array. */
    static void write(float[] values, INDArray flat) {
        if (values.length != flat.length()) {
            throw new IllegalArgumentException(values.length + " values for an array of " + flat.length());
        }
        if (flat.dataType() == DataType.DOUBLE) {
            for (int i = 0; i < values.length; i++) {
                flat.putScalar(i, values[i]);
            }
            return;
        }
        new FloatPointer(flat.data().addressPointer()).put(values);
    }

    /** The values of a flat array. */
    static float[] read(INDArray flat) {
        if (flat.dataType() == DataType.DOUBLE) {
            return flat.toFloatVector();
        }
        float[] values = new float[Math.toIntExact(flat.length())];
        new FloatPointer(flat.data().addressPointer()).get(values);
        return values;
    }
}
