package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Layer normalisation. */
final class Normalisation {
    private final Execution execution;

    Normalisation(Execution execution) {
        this.execution = execution;
    }

    private record ForwardKey(Layout x, float epsilon) {}

    private record GainKey(Layout dy) {}

    private record BackwardKey(Layout x) {}

    OneDnnTensor forward(Tensor x, Tensor gain, Tensor bias, double epsilon, Tensor mean, Tensor inverseDeviation) {
        Shapes.checkLayerNorm("layerNorm", x, gain, bias, mean, inverseDeviation);
        OneDnnTensor given = OneDnnTensor.of(x);
        OneDnnTensor in = execution.dense(given);
        OneDnnTensor statistics = single(inverseDeviation);
        OneDnnTensor y = execution.allocate(in.format(), in.rowsCount(), in.columnsCount());
        ForwardKey key = new ForwardKey(in.layout(), (float) epsilon);
        execution.run(
                execution.primitive(key, () -> createForward(key)),
                in.address(),
                y.address(),
                single(mean).address(),
                statistics.address(),
                OneDnnTensor.of(gain).address(),
                OneDnnTensor.of(bias).address());
        Execution.releaseDense(given, in);
        // oneDNN gives the variance.
        float[] values = new float[(int) in.rowsCount()];
        statistics.getRow(0, values);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1 / Math.sqrt(values[i] + epsilon));
        }
        statistics.putRow(0, values);
        return y;
    }

    OneDnnTensor backward(Tensor dy, Tensor gain, Tensor bias, LayerNormState saved) {
        Shapes.checkLayerNorm("layerNormBackward", saved.input(), gain, bias, saved.mean(), saved.inverseDeviation());
        Shapes.checkShape("layerNormBackward", "dy", dy, saved.input().shape());
        OneDnnTensor givenX = OneDnnTensor.of(saved.input());
        OneDnnTensor givenDy = OneDnnTensor.of(dy);
        OneDnnTensor in = execution.dense(givenX);
        OneDnnTensor gradient = execution.dense(givenDy);
        OneDnnTensor dx = execution.allocate(in.format(), in.rowsCount(), in.columnsCount());
        // oneDNN wants the variance; that of the primitive, whose epsilon is zero, holds the epsilon already.
        Block variance = execution.take(Float.BYTES * in.rowsCount());
        float[] values = new float[(int) in.rowsCount()];
        single(saved.inverseDeviation()).getRow(0, values);
        for (int i = 0; i < values.length; i++) {
            values[i] = 1 / (values[i] * values[i]);
        }
        variance.floats().put(0, values);
        GainKey gainKey = new GainKey(gradient.layout());
        execution.run(
                execution.primitive(gainKey, () -> createGain(gainKey)),
                gradient.address(),
                OneDnnTensor.of(gain).address(),
                dx.address());
        BackwardKey key = new BackwardKey(in.layout());
        execution.run(
                execution.primitive(key, () -> createBackward(key)),
                in.address(),
                dx.address(),
                dx.address(),
                single(saved.mean()).address(),
                variance.address());
        execution.release(variance);
        Execution.releaseDense(givenX, in);
        Execution.releaseDense(givenDy, gradient);
        return dx;
    }

    private static OneDnnTensor single(Tensor statistics) {
        OneDnnTensor tensor = OneDnnTensor.of(statistics);
        Shapes.require(
                tensor.format() == Precision.F32, "layer norm: statistics in %s where F32 is needed", tensor.format());
        return tensor;
    }

    private static Primitive createForward(ForwardKey key) {
        dnnl_memory_desc x = key.x().descriptor();
        dnnl_memory_desc y = key.x().descriptor();
        dnnl_memory_desc statistics = OneDnn.floats(key.x().rows());
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = describeForward(description, x, y, statistics, key.epsilon(), dnnl_use_scale | dnnl_use_shift);
        return new Primitive.Builder("layer norm " + key)
                .operand(DNNL_ARG_SRC, x)
                .operand(DNNL_ARG_DST, y)
                .operand(DNNL_ARG_MEAN, statistics)
                .operand(DNNL_ARG_VARIANCE, OneDnn.clone(statistics))
                .operand(DNNL_ARG_SCALE, OneDnn.floats(key.x().columns()))
                .operand(DNNL_ARG_SHIFT, OneDnn.floats(key.x().columns()))
                .build(description, status);
    }

    /** dy·gain. Apart, since oneDNN's backward pass takes a gain only where it may compute the gain's gradient. */
    private static Primitive createGain(GainKey key) {
        dnnl_memory_desc dy = key.dy().descriptor();
        dnnl_memory_desc gain = OneDnn.floats(1, key.dy().columns());
        dnnl_memory_desc result = key.dy().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_binary_primitive_desc_create(
                description, OneDnn.ENGINE, dnnl_binary_mul, dy, gain, result, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("layer norm " + key)
                .operand(DNNL_ARG_SRC_0, dy)
                .operand(DNNL_ARG_SRC_1, gain)
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
                describeForward(forward, x, dx, statistics, 0, dnnl_normalization_flags_none),
                "describe layer norm " + key);
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
        return new Primitive.Builder("layer norm " + key)
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
