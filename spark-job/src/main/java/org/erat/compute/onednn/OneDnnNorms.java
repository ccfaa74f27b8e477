package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.Norms;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;

/** Layer normalization and RMS normalization. */
final class OneDnnNorms implements Norms {
    private final Execution execution;

    OneDnnNorms(Execution execution) {
        this.execution = execution;
    }

    /** @param rms whether the mean is taken to be zero and there is no bias */
    private record ForwardKey(Layout x, float epsilon, boolean rms) {}

    private record WeightKey(Layout dy) {}

    private record BackwardKey(Layout x) {}

    @Override
    public StridedTensor layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor mean, Tensor rstd) {
        Shapes.checkLayerNorm("layerNorm", x, weight, bias, mean, rstd);
        StridedTensor given = HostBlock.tensor(x);
        StridedTensor in = execution.dense(given);
        StridedTensor variance = Execution.single("layerNorm", "rstd", rstd);
        StridedTensor y = execution.allocate(in.dtype(), in.rows(), in.columns());
        execution.run(
                forward(in, epsilon, false),
                in.address(),
                y.address(),
                variance.address(),
                HostBlock.tensor(weight).address(),
                Execution.single("layerNorm", "mean", mean).address(),
                HostBlock.tensor(bias).address());
        Execution.releaseDense(given, in);
        varianceToRstd(variance, epsilon);
        return y;
    }

    @Override
    public StridedTensor rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor rstd) {
        Shapes.checkRmsNorm("rmsNorm", x, weight, rstd);
        StridedTensor given = HostBlock.tensor(x);
        StridedTensor in = execution.dense(given);
        StridedTensor variance = Execution.single("rmsNorm", "rstd", rstd);
        StridedTensor y = execution.allocate(in.dtype(), in.rows(), in.columns());
        execution.run(
                forward(in, epsilon, true),
                in.address(),
                y.address(),
                variance.address(),
                HostBlock.tensor(weight).address());
        Execution.releaseDense(given, in);
        varianceToRstd(variance, epsilon);
        return y;
    }

    private Primitive forward(StridedTensor in, double epsilon, boolean rms) {
        ForwardKey key = new ForwardKey(Layout.of(in), (float) epsilon, rms);
        return execution.primitive(key, () -> createForward(key));
    }

    /** oneDNN gives the variance, or the mean of squares. */
    private static void varianceToRstd(StridedTensor variance, double epsilon) {
        float[] values = new float[(int) variance.columns()];
        HostBlock.getRow(variance, 0, values);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1 / Math.sqrt(values[i] + epsilon));
        }
        HostBlock.putRow(variance, 0, values);
    }

    @Override
    public StridedTensor layerNormBackward(Tensor dy, Tensor weight, Tensor bias, double epsilon, NormState saved) {
        Shapes.checkLayerNorm("layerNormBackward", saved.input(), weight, bias, saved.mean(), saved.rstd());
        Shapes.checkShape("layerNormBackward", "dy", dy, saved.input().shape());
        StridedTensor givenX = HostBlock.tensor(saved.input());
        StridedTensor givenDy = HostBlock.tensor(dy);
        StridedTensor in = execution.dense(givenX);
        StridedTensor gradient = execution.dense(givenDy);
        StridedTensor dx = execution.allocate(in.dtype(), in.rows(), in.columns());
        // oneDNN wants the variance; that of the primitive, whose epsilon is zero, holds the epsilon already.
        Block variance = execution.memory().take(Float.BYTES * in.rows());
        float[] values = new float[(int) in.rows()];
        HostBlock.getRow(Execution.single("layerNormBackward", "rstd", saved.rstd()), 0, values);
        for (int i = 0; i < values.length; i++) {
            values[i] = 1 / (values[i] * values[i]);
        }
        ((HostBlock) variance).floats().put(0, values);
        WeightKey weightKey = new WeightKey(Layout.of(gradient));
        execution.run(
                execution.primitive(weightKey, () -> createWeight(weightKey)),
                gradient.address(),
                HostBlock.tensor(weight).address(),
                dx.address());
        BackwardKey key = new BackwardKey(Layout.of(in));
        execution.run(
                execution.primitive(key, () -> createBackward(key)),
                in.address(),
                dx.address(),
                dx.address(),
                Execution.single("layerNormBackward", "mean", saved.mean()).address(),
                variance.address());
        execution.memory().giveBack(variance);
        Execution.releaseDense(givenX, in);
        Execution.releaseDense(givenDy, gradient);
        return dx;
    }

    /**
     * With n = x·rstd and dn = dy·weight: dx = (dn − n·mean(dn·n))·rstd. By loops in Java, since oneDNN (3.11) subtracts the
     * mean of dn here as for a layer norm.
     */
    @Override
    public StridedTensor rmsNormBackward(Tensor dy, Tensor weight, NormState saved) {
        Shapes.checkRmsNorm("rmsNormBackward", saved.input(), weight, saved.rstd());
        Shapes.checkShape("rmsNormBackward", "dy", dy, saved.input().shape());
        StridedTensor in = HostBlock.tensor(saved.input());
        StridedTensor gradient = HostBlock.tensor(dy);
        StridedTensor dx = execution.allocate(in.dtype(), in.rows(), in.columns());
        int width = (int) in.columns();
        float[] rstds = new float[(int) in.rows()];
        HostBlock.getRow(Execution.single("rmsNormBackward", "rstd", saved.rstd()), 0, rstds);
        float[] w = new float[width];
        HostBlock.getRow(HostBlock.tensor(weight), 0, w);
        float[] normal = new float[width];
        float[] row = new float[width];
        for (int i = 0; i < rstds.length; i++) {
            HostBlock.getRow(in, i, normal);
            HostBlock.getRow(gradient, i, row);
            double alongNormal = 0;
            for (int j = 0; j < width; j++) {
                normal[j] *= rstds[i];
                row[j] *= w[j];
                alongNormal += row[j] * normal[j];
            }
            float mean = (float) (alongNormal / width);
            for (int j = 0; j < width; j++) {
                row[j] = (row[j] - normal[j] * mean) * rstds[i];
            }
            HostBlock.putRow(dx, i, row);
        }
        return dx;
    }

    private static Primitive createForward(ForwardKey key) {
        dnnl_memory_desc x = key.x().descriptor();
        dnnl_memory_desc y = key.x().descriptor();
        dnnl_memory_desc statistics = OneDnn.floats(key.x().rows());
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int flags = key.rms() ? dnnl_rms_norm | dnnl_use_scale : dnnl_use_scale | dnnl_use_shift;
        int status = describeForward(description, x, y, statistics, key.epsilon(), flags);
        Primitive.Builder builder = new Primitive.Builder("norm " + key)
                .operand(DNNL_ARG_SRC, x)
                .operand(DNNL_ARG_DST, y)
                .operand(DNNL_ARG_VARIANCE, statistics)
                .operand(DNNL_ARG_SCALE, OneDnn.floats(key.x().columns()));
        if (!key.rms()) {
            builder.operand(DNNL_ARG_MEAN, OneDnn.clone(statistics))
                    .operand(DNNL_ARG_SHIFT, OneDnn.floats(key.x().columns()));
        }
        return builder.build(description, status);
    }

    /** dy·weight. Apart, since oneDNN's backward pass takes a weight only where it may compute the weight's gradient. */
    private static Primitive createWeight(WeightKey key) {
        dnnl_memory_desc dy = key.dy().descriptor();
        dnnl_memory_desc weight = OneDnn.floats(1, key.dy().columns());
        dnnl_memory_desc result = key.dy().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_binary_primitive_desc_create(
                description, OneDnn.ENGINE, dnnl_binary_mul, dy, weight, result, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("norm " + key)
                .operand(DNNL_ARG_SRC_0, dy)
                .operand(DNNL_ARG_SRC_1, weight)
                .operand(DNNL_ARG_DST, result)
                .build(description, status);
    }

    private static Primitive createBackward(BackwardKey key) {
        dnnl_memory_desc x = key.x().descriptor();
        dnnl_memory_desc dy = key.x().descriptor();
        dnnl_memory_desc dx = key.x().descriptor();
        dnnl_memory_desc statistics = OneDnn.floats(key.x().rows());
        dnnl_primitive_desc forward = new dnnl_primitive_desc();
        OneDnn.check(
                describeForward(forward, x, dx, statistics, 0, dnnl_normalization_flags_none), "describe norm " + key);
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_layer_normalization_backward_primitive_desc_create(
                description,
                OneDnn.ENGINE,
                dnnl_backward_data,
                dx,
                dy,
                x,
                statistics,
                0,
                dnnl_normalization_flags_none,
                forward,
                attributes);
        dnnl_primitive_attr_destroy(attributes);
        dnnl_primitive_desc_destroy(forward);
        return new Primitive.Builder("norm " + key)
                .operand(DNNL_ARG_SRC, x)
                .operand(DNNL_ARG_DIFF_DST, dy)
                .operand(DNNL_ARG_DIFF_SRC, dx)
                .operand(DNNL_ARG_MEAN, statistics)
                .operand(DNNL_ARG_VARIANCE, OneDnn.clone(statistics))
                .build(description, status);
    }

    private static int describeForward(
            dnnl_primitive_desc description,
            dnnl_memory_desc x,
            dnnl_memory_desc y,
            dnnl_memory_desc statistics,
            float epsilon,
            int flags) {
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        int status = dnnl_layer_normalization_forward_primitive_desc_create(
                description, OneDnn.ENGINE, dnnl_forward_training, x, y, statistics, epsilon, flags, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return status;
    }
}
