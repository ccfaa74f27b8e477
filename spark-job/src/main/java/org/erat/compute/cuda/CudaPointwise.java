package org.erat.compute.cuda;

import java.nio.FloatBuffer;
import org.erat.compute.DropoutMask;
import org.erat.compute.Pointwise;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.architecture.Activation;
import org.erat.data.safetensors.Dtype;

/** What is done to each element by itself: activation, copy, sum, difference and product, constant, dropout, factors of columns. */
final class CudaPointwise implements Pointwise {
    private final Execution execution;

    CudaPointwise(Execution execution) {
        this.execution = execution;
    }

    // ---- activation

    @Override
    public StridedTensor activation(Activation f, Tensor x) {
        Shapes.columns("activation", "x", x);
        StridedTensor in = DeviceBlock.tensor(x);
        StridedTensor y = execution.allocate(in.dtype(), x.shape());
        Execution.Cells cells = execution.cells(in, y);
        execution.run(cells.kernel("activation", in.dtype())
                .with(in)
                .with(y)
                .with(cells.rows())
                .with(cells.columns())
                .withInt(number(f)));
        return y;
    }

    @Override
    public StridedTensor activationBackward(Activation f, Tensor dy, Tensor x) {
        Shapes.checkShape("activationBackward", "dy", dy, x.shape());
        Shapes.columns("activationBackward", "x", x);
        StridedTensor in = DeviceBlock.tensor(x);
        StridedTensor given = DeviceBlock.tensor(dy);
        StridedTensor gradient = execution.in(in.dtype(), given);
        StridedTensor dx = execution.allocate(in.dtype(), x.shape());
        Execution.Cells cells = execution.cells(gradient, in, dx);
        execution.run(cells.kernel("activation_backward", in.dtype())
                .with(gradient)
                .with(in)
                .with(dx)
                .with(cells.rows())
                .with(cells.columns())
                .withInt(number(f)));
        Execution.release(given, gradient);
        return dx;
    }

    /** What the kernels call it. */
    private static int number(Activation f) {
        return switch (f) {
            case GELU -> 0;
            case GELU_TANH -> 1;
            case RELU -> 2;
            case TANH -> 3;
            case SILU -> 4;
        };
    }

    // ---- copy, sum, difference, product and constant

    @Override
    public StridedTensor copy(Tensor x) {
        Shapes.rows("copy", "x", x);
        StridedTensor from = DeviceBlock.tensor(x);
        return execution.copy(from, from.dtype());
    }

    @Override
    public void assign(Tensor x, Tensor into) {
        Shapes.checkShape("assign", "x", x, into.shape());
        execution.copy(DeviceBlock.tensor(x), DeviceBlock.tensor(into));
    }

    @Override
    public void add(Tensor x, Tensor into) {
        Shapes.checkShape("add", "x", x, into.shape());
        execution.pairwise("add", DeviceBlock.tensor(x), DeviceBlock.tensor(into));
    }

    @Override
    public void subtract(Tensor x, Tensor into) {
        Shapes.checkShape("subtract", "x", x, into.shape());
        execution.pairwise("subtract", DeviceBlock.tensor(x), DeviceBlock.tensor(into));
    }

    @Override
    public StridedTensor multiply(Tensor x, Tensor y) {
        Shapes.checkShape("multiply", "y", y, x.shape());
        StridedTensor left = DeviceBlock.tensor(x);
        StridedTensor given = DeviceBlock.tensor(y);
        StridedTensor right = execution.in(left.dtype(), given);
        StridedTensor product = execution.allocate(left.dtype(), x.shape());
        Execution.Cells cells = execution.cells(left, right, product);
        execution.run(cells.kernel("multiply", left.dtype())
                .with(left)
                .with(right)
                .with(product)
                .with(cells.rows())
                .with(cells.columns()));
        Execution.release(given, right);
        return product;
    }

    @Override
    public void fill(Tensor tensor, double value) {
        StridedTensor target = DeviceBlock.tensor(tensor);
        Execution.Cells cells = execution.cells(target);
        execution.run(cells.kernel("fill", target.dtype())
                .with(target)
                .with(cells.rows())
                .with(cells.columns())
                .withFloat((float) value));
    }

    // ---- dropout and factors of columns

    @Override
    public StridedTensor dropout(Tensor x, double rate, long key, long first) {
        DropoutMask mask = new DropoutMask(rate, key, first);
        StridedTensor in = DeviceBlock.tensor(x);
        StridedTensor y = execution.allocate(in.dtype(), x.shape());
        Execution.Cells cells = execution.cells(in, y);
        execution.run(cells.kernel("dropout", in.dtype())
                .with(in)
                .with(y)
                .with(cells.rows())
                .with(cells.columns())
                .with(mask.start())
                .with(mask.threshold())
                .withFloat(mask.scale()));
        return y;
    }

    @Override
    public void scaleColumns(Tensor u, float[] factors, int tokens) {
        int toNextExample = Shapes.checkScaleColumns(u, factors, tokens);
        StridedTensor rows = DeviceBlock.tensor(u);
        try (StridedTensor onDevice = execution.allocate(Dtype.F32, factors.length)) {
            execution.staging().upload(FloatBuffer.wrap(factors), onDevice.address());
            Execution.Cells cells = execution.cellsOfRows(rows);
            execution.run(cells.kernel("scale_columns", rows.dtype())
                    .with(rows)
                    .with(cells.rows())
                    .with(cells.columns())
                    .with(onDevice.address())
                    .with(tokens)
                    .with(toNextExample));
        }
    }
}
