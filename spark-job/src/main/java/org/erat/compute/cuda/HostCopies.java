package org.erat.compute.cuda;

import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/** Copies between tensors and ND4J arrays, which cross in f32; formats are converted on the device. */
final class HostCopies {
    private final Execution execution;
    private final Address address = new Address();

    HostCopies(Execution execution) {
        this.execution = execution;
    }

    CudaTensor upload(INDArray values, Precision format) {
        Shapes.checkTensor(values.shape());
        INDArray dense =
                isDenseFloat(values) ? values : values.castTo(DataType.FLOAT).dup('c');
        CudaTensor tensor = execution.allocate(format, values.shape());
        CudaTensor single =
                tensor.format() == Precision.F32 ? tensor : execution.allocate(Precision.F32, values.shape());
        execution.stream().upload(host(dense), single.address(), Float.BYTES * dense.length());
        if (single != tensor) {
            execution.copy(single, tensor);
            single.close();
        }
        return tensor;
    }

    void download(Tensor tensor, INDArray into) {
        CudaTensor source = CudaTensor.of(tensor);
        long elements = source.rowsCount() * source.columnsCount();
        Shapes.require(elements == into.length(), "download: shape %s into shape %s", tensor.shape(), into.shape());
        boolean direct = isDenseFloat(into);
        INDArray dense = direct ? into : Nd4j.createUninitialized(DataType.FLOAT, into.shape(), 'c');
        boolean ready = source.isDense() && source.format() == Precision.F32;
        CudaTensor single = ready ? source : execution.copy(source, Precision.F32);
        execution.stream().download(single.address(), host(dense), Float.BYTES * elements);
        Execution.release(source, single);
        if (!direct) {
            into.assign(dense.castTo(into.dataType()));
        }
    }

    private static boolean isDenseFloat(INDArray array) {
        return array.dataType() == DataType.FLOAT && array.ordering() == 'c' && Shape.hasDefaultStridesForShape(array);
    }

    /** The first of the array's values. */
    private Address host(INDArray array) {
        return address.at(array.data().pointer().address() + Float.BYTES * array.offset());
    }
}
