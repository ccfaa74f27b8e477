package org.erat.compute.onednn;

import org.bytedeco.javacpp.Pointer;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/** Copies between tensors and ND4J arrays. */
final class HostCopies {
    private final Execution execution;
    private final Address from = new Address();
    private final Address to = new Address();

    HostCopies(Execution execution) {
        this.execution = execution;
    }

    OneDnnTensor upload(INDArray values, Precision format) {
        Shapes.checkTensor(values.shape());
        OneDnnTensor tensor = execution.allocate(format, values.shape());
        INDArray dense =
                isDenseFloat(values) ? values : values.castTo(DataType.FLOAT).dup('c');
        if (tensor.format() == Precision.F32) {
            Pointer.memcpy(to.at(tensor.address()), from.at(address(dense)), Float.BYTES * dense.length());
            return tensor;
        }
        float[] row = new float[(int) tensor.columnsCount()];
        for (long i = 0; i < tensor.rowsCount(); i++) {
            from.at(address(dense) + Float.BYTES * i * row.length).get(row);
            tensor.putRow(i, row);
        }
        return tensor;
    }

    void download(Tensor tensor, INDArray into) {
        OneDnnTensor source = OneDnnTensor.of(tensor);
        long elements = source.rowsCount() * source.columnsCount();
        Shapes.require(elements == into.length(), "download: shape %s into shape %s", tensor.shape(), into.shape());
        if (isDenseFloat(into)) {
            copyRows(source, into);
        } else {
            INDArray dense = Nd4j.createUninitialized(DataType.FLOAT, into.shape(), 'c');
            copyRows(source, dense);
            into.assign(dense.castTo(into.dataType()));
        }
    }

    private void copyRows(OneDnnTensor source, INDArray into) {
        long start = address(into);
        if (source.format() == Precision.BF16) {
            float[] row = new float[(int) source.columnsCount()];
            for (long i = 0; i < source.rowsCount(); i++) {
                source.getRow(i, row);
                to.at(start + Float.BYTES * i * row.length).put(row);
            }
            return;
        }
        if (source.isDense()) {
            Pointer.memcpy(to.at(start), from.at(source.address()), Float.BYTES * into.length());
            return;
        }
        long bytes = Float.BYTES * source.columnsCount();
        for (long i = 0; i < source.rowsCount(); i++) {
            long row = source.address() + Float.BYTES * i * source.stride();
            Pointer.memcpy(to.at(start + i * bytes), from.at(row), bytes);
        }
    }

    private static boolean isDenseFloat(INDArray array) {
        return array.dataType() == DataType.FLOAT && array.ordering() == 'c' && Shape.hasDefaultStridesForShape(array);
    }

    private static long address(INDArray array) {
        return array.data().pointer().address() + Float.BYTES * array.offset();
    }
}
