package org.erat.compute.cuda;

import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Layer normalisation: a warp for each row. */
final class Normalisation {
    private final Execution execution;

    Normalisation(Execution execution) {
        this.execution = execution;
    }

    CudaTensor forward(Tensor x, Tensor gain, Tensor bias, double epsilon, Tensor mean, Tensor inverseDeviation) {
        Shapes.checkLayerNorm("layerNorm", x, gain, bias, mean, inverseDeviation);
        CudaTensor in = CudaTensor.of(x);
        CudaTensor g = CudaTensor.single("layerNorm", "gain", gain);
        CudaTensor b = CudaTensor.single("layerNorm", "bias", bias);
        CudaTensor y = execution.allocate(in.format(), x.shape());
        String kernel = Execution.name("layer_norm", Execution.width(in, g, b, y), in.format());
        execution.run(execution
                .launch()
                .ofRows(kernel, in.rowsCount(), in.columnsCount())
                .with(in)
                .with(g.address())
                .with(b.address())
                .withFloat((float) epsilon)
                .with(CudaTensor.single("layerNorm", "mean", mean).address())
                .with(CudaTensor.single("layerNorm", "inverseDeviation", inverseDeviation)
                        .address())
                .with(y)
                .with(in.rowsCount())
                .with(in.columnsCount()));
        return y;
    }

    CudaTensor backward(Tensor dy, Tensor gain, Tensor bias, LayerNormState saved) {
        Shapes.checkLayerNorm("layerNormBackward", saved.input(), gain, bias, saved.mean(), saved.inverseDeviation());
        Shapes.checkShape("layerNormBackward", "dy", dy, saved.input().shape());
        CudaTensor in = CudaTensor.of(saved.input());
        CudaTensor given = CudaTensor.of(dy);
        CudaTensor gradient = execution.in(in.format(), given);
        CudaTensor g = CudaTensor.single("layerNormBackward", "gain", gain);
        CudaTensor dx = execution.allocate(in.format(), in.shape());
        String kernel = Execution.name("layer_norm_backward", Execution.width(gradient, g, in, dx), in.format());
        execution.run(execution
                .launch()
                .ofRows(kernel, in.rowsCount(), in.columnsCount())
                .with(gradient)
                .with(g.address())
                .with(in)
                .with(CudaTensor.single("layerNormBackward", "mean", saved.mean())
                        .address())
                .with(CudaTensor.single("layerNormBackward", "inverseDeviation", saved.inverseDeviation())
                        .address())
                .with(dx)
                .with(in.rowsCount())
                .with(in.columnsCount()));
        Execution.release(given, gradient);
        return dx;
    }
}
