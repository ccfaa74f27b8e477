package org.erat.compute.cuda;

import org.erat.compute.Norms;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;

/** Layer normalization and RMS normalization: a warp for each row. */
final class CudaNorms implements Norms {
    private final Execution execution;

    CudaNorms(Execution execution) {
        this.execution = execution;
    }

    @Override
    public StridedTensor layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor mean, Tensor rstd) {
        Shapes.checkLayerNorm("layerNorm", x, weight, bias, mean, rstd);
        StridedTensor in = DeviceBlock.tensor(x);
        StridedTensor w = DeviceBlock.single("layerNorm", "weight", weight);
        StridedTensor b = DeviceBlock.single("layerNorm", "bias", bias);
        StridedTensor y = execution.allocate(in.dtype(), x.shape());
        String kernel = Execution.name("layer_norm", Execution.width(in, w, b, y), in.dtype());
        execution.run(execution
                .launch()
                .ofRows(kernel, in.rows(), in.columns())
                .with(in)
                .with(w.address())
                .with(b.address())
                .withFloat((float) epsilon)
                .with(DeviceBlock.single("layerNorm", "mean", mean).address())
                .with(DeviceBlock.single("layerNorm", "rstd", rstd).address())
                .with(y)
                .with(in.rows())
                .with(in.columns()));
        return y;
    }

    @Override
    public StridedTensor layerNormBackward(Tensor dy, Tensor weight, Tensor bias, double epsilon, NormState saved) {
        Shapes.checkLayerNorm("layerNormBackward", saved.input(), weight, bias, saved.mean(), saved.rstd());
        Shapes.checkShape("layerNormBackward", "dy", dy, saved.input().shape());
        StridedTensor in = DeviceBlock.tensor(saved.input());
        StridedTensor given = DeviceBlock.tensor(dy);
        StridedTensor gradient = execution.in(in.dtype(), given);
        StridedTensor w = DeviceBlock.single("layerNormBackward", "weight", weight);
        StridedTensor dx = execution.allocate(in.dtype(), in.shape());
        String kernel = Execution.name("layer_norm_backward", Execution.width(gradient, w, in, dx), in.dtype());
        execution.run(execution
                .launch()
                .ofRows(kernel, in.rows(), in.columns())
                .with(gradient)
                .with(w.address())
                .with(in)
                .with(DeviceBlock.single("layerNormBackward", "mean", saved.mean())
                        .address())
                .with(DeviceBlock.single("layerNormBackward", "rstd", saved.rstd())
                        .address())
                .with(dx)
                .with(in.rows())
                .with(in.columns()));
        Execution.release(given, gradient);
        return dx;
    }

    @Override
    public StridedTensor rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor rstd) {
        Shapes.checkRmsNorm("rmsNorm", x, weight, rstd);
        StridedTensor in = DeviceBlock.tensor(x);
        StridedTensor w = DeviceBlock.single("rmsNorm", "weight", weight);
        StridedTensor y = execution.allocate(in.dtype(), x.shape());
        String kernel = Execution.name("rms_norm", Execution.width(in, w, y), in.dtype());
        execution.run(execution
                .launch()
                .ofRows(kernel, in.rows(), in.columns())
                .with(in)
                .with(w.address())
                .withFloat((float) epsilon)
                .with(DeviceBlock.single("rmsNorm", "rstd", rstd).address())
                .with(y)
                .with(in.rows())
                .with(in.columns()));
        return y;
    }

    @Override
    public StridedTensor rmsNormBackward(Tensor dy, Tensor weight, NormState saved) {
        Shapes.checkRmsNorm("rmsNormBackward", saved.input(), weight, saved.rstd());
        Shapes.checkShape("rmsNormBackward", "dy", dy, saved.input().shape());
        StridedTensor in = DeviceBlock.tensor(saved.input());
        StridedTensor given = DeviceBlock.tensor(dy);
        StridedTensor gradient = execution.in(in.dtype(), given);
        StridedTensor w = DeviceBlock.single("rmsNormBackward", "weight", weight);
        StridedTensor dx = execution.allocate(in.dtype(), in.shape());
        String kernel = Execution.name("rms_norm_backward", Execution.width(gradient, w, in, dx), in.dtype());
        execution.run(execution
                .launch()
                .ofRows(kernel, in.rows(), in.columns())
                .with(gradient)
                .with(w.address())
                .with(in)
                .with(DeviceBlock.single("rmsNormBackward", "rstd", saved.rstd())
                        .address())
                .with(dx)
                .with(in.rows())
                .with(in.columns()));
        Execution.release(given, gradient);
        return dx;
    }
}
