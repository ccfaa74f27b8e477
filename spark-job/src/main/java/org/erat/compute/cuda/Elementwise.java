package org.erat.compute.cuda;

import org.erat.compute.Activation;
import org.erat.compute.DropoutMask;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** What is done to each element by itself: activation, sum, constant, dropout, scaling by example. */
final class Elementwise {
    private final Execution execution;

    Elementwise(Execution execution) {
        this.execution = execution;
    }

    // ---- activation

    CudaTensor activation(Activation f, Tensor x) {
        Shapes.columns("activation", "x", x);
        CudaTensor in = CudaTensor.of(x);
        CudaTensor y = execution.allocate(in.format(), x.shape());
        Execution.Cells cells = execution.cells(in, y);
        execution.run(cells.kernel("activation", in.format())
                .with(in)
                .with(y)
                .with(cells.rows())
                .with(cells.columns())
                .withInt(number(f)));
        return y;
    }

    CudaTensor activationBackward(Activation f, Tensor dy, Tensor x) {
        Shapes.checkShape("activationBackward", "dy", dy, x.shape());
        Shapes.columns("activationBackward", "x", x);
        CudaTensor in = CudaTensor.of(x);
        CudaTensor given = CudaTensor.of(dy);
        CudaTensor gradient = execution.in(in.format(), given);
        CudaTensor dx = execution.allocate(in.format(), x.shape());
        Execution.Cells cells = execution.cells(gradient, in, dx);
        execution.run(cells.kernel("activation_backward", in.format())
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
        };
    }

    // ---- copy, sum and constant

    void assign(Tensor x, Tensor into) {
        Shapes.checkShape("assign", "x", x, into.shape());
        execution.copy(CudaTensor.of(x), CudaTensor.of(into));
    }

    void add(Tensor x, Tensor into) {
        Shapes.checkShape("add", "x", x, into.shape());
        execution.pairwise("add", CudaTensor.of(x), CudaTensor.of(into));
    }

    void fill(Tensor tensor, double value) {
        CudaTensor target = CudaTensor.of(tensor);
        Execution.Cells cells = execution.cells(target);
        execution.run(cells.kernel("fill", target.format())
                .with(target)
                .with(cells.rows())
                .with(cells.columns())
                .withFloat((float) value));
    }

    // ---- dropout and windows by example

    CudaTensor dropout(Tensor x, double rate, long key) {
        DropoutMask mask = new DropoutMask(rate, key);
        CudaTensor in = CudaTensor.of(x);
        CudaTensor y = execution.allocate(in.format(), x.shape());
        Execution.Cells cells = execution.cells(in, y);
        execution.run(cells.kernel("dropout", in.format())
                .with(in)
                .with(y)
                .with(cells.rows())
                .with(cells.columns())
                .with(mask.start())
                .with(mask.threshold())
                .withFloat(mask.scale()));
        return y;
    }

    void scaleByExample(Tensor u, float[] factors, int tokens) {
        Shapes.checkScaleByExample(u, factors, tokens);
        CudaTensor rows = CudaTensor.of(u);
        DevicePool.Block onDevice = execution.upload(factors);
        Execution.Cells cells = execution.cellsOfRows(rows);
        execution.run(cells.kernel("scale_by_example", rows.format())
                .with(rows)
                .with(cells.rows())
                .with(cells.columns())
                .with(onDevice.address())
                .with(tokens));
        execution.pool().giveBack(onDevice);
    }
}
