package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import java.nio.Buffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.concurrent.atomic.AtomicLong;
import javax.annotation.Nullable;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.erat.compute.Memory;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.data.safetensors.Dtype;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;

/** ND4J arrays of one task: they are freed one by one. */
final class Nd4jMemory implements Memory {
    private final DataType type;
    private final AtomicLong outstanding = new AtomicLong();

    Nd4jMemory(DataType type) {
        this.type = type;
    }

    /** Type of all arrays. */
    DataType type() {
        return type;
    }

    /** A tensor of this task that owns {@code array}. */
    Tensor own(INDArray array) {
        return Nd4jTensor.owning(array, outstanding);
    }

    @Override
    public boolean onDevice() {
        return false;
    }

    @Override
    public Dtype activations() {
        return single();
    }

    @Override
    public Dtype single() {
        return type == DataType.DOUBLE ? Dtype.F64 : Dtype.F32;
    }

    /** Filled with NaN: the reference makes any read of what was never written visible. */
    @Override
    public Tensor allocate(long... shape) {
        Shapes.checkTensor(shape);
        return own(Nd4j.valueArrayOf(shape, Double.NaN, type));
    }

    @Override
    public Tensor allocateSingle(long... shape) {
        return allocate(shape);
    }

    @Override
    public Tensor upload(Buffer values, long... shape) {
        Shapes.checkUpload(values, shape);
        return own(copy(values, type, shape));
    }

    /** A new array of host values. */
    static INDArray copy(Buffer values, DataType type, long... shape) {
        long[] strides = Nd4j.getStrides(shape, 'c');
        if (values instanceof FloatBuffer floats) {
            float[] copy = new float[floats.remaining()];
            floats.get(floats.position(), copy);
            return Nd4j.create(copy, shape, strides, 'c', type);
        }
        DoubleBuffer doubles = doubles(values);
        double[] copy = new double[doubles.remaining()];
        doubles.get(doubles.position(), copy);
        return Nd4j.create(copy, shape, strides, 'c', type);
    }

    private static DoubleBuffer doubles(Buffer values) {
        Shapes.require(
                values instanceof DoubleBuffer,
                "host values: %s is neither a FloatBuffer nor a DoubleBuffer",
                values.getClass().getSimpleName());
        return (DoubleBuffer) values;
    }

    @Override
    public Tensor uploadSingle(Buffer values, long... shape) {
        return upload(values, shape);
    }

    /** Where ND4J computes on the host. Closing the tensor only makes it unusable: the memory is that of the values. */
    @Override
    @Nullable
    public Tensor share(Buffer values, Dtype dtype, long... shape) {
        Shapes.checkUpload(values, shape);
        if (Nd4j.getExecutioner().type() != OpExecutioner.ExecutionerType.NATIVE_CPU || dtype != single()) {
            return null;
        }
        Pointer start = start(values, dtype);
        if (start == null) {
            return null;
        }
        return Nd4jTensor.shared(
                Nd4j.create(Nd4j.createBuffer(start, values.remaining(), type), shape, Nd4j.getStrides(shape, 'c'), 0));
    }

    /** Where the values start; null where they lie in the Java heap, or are not of this dtype or byte order. */
    @Nullable
    private static Pointer start(Buffer values, Dtype dtype) {
        if (!values.isDirect()) {
            return null;
        }
        ByteOrder order = ByteOrder.nativeOrder();
        if (dtype == Dtype.F32 && values instanceof FloatBuffer floats && floats.order() == order) {
            return new FloatPointer(floats.slice());
        }
        if (dtype == Dtype.F64 && values instanceof DoubleBuffer doubles && doubles.order() == order) {
            return new DoublePointer(doubles.slice());
        }
        return null;
    }

    @Override
    public void download(Tensor tensor, Buffer into) {
        Shapes.checkDownload(tensor, into);
        INDArray dense = array(tensor).dup('c');
        if (into instanceof FloatBuffer floats) {
            floats.put(floats.position(), dense.data().asFloat());
        } else {
            doubles(into).put(into.position(), dense.data().asDouble());
        }
    }

    @Override
    public long outstanding() {
        return outstanding.get();
    }

    @Override
    public void release() {
        long open = outstanding.get();
        if (open != 0) {
            throw new IllegalStateException(open + " tensors are not closed");
        }
    }

    @Override
    public void close() {
        // There is no memory but that of the arrays.
    }
}
