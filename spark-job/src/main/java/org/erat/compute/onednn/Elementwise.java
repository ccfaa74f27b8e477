package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.Arrays;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
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

    private record ActivationKey(Activation f, boolean forward, Layout x) {}

    private record AdditionKey(Layout from, Layout into) {}

    private record AssignmentKey(Layout from, Layout into) {}

    // ---- activation

    OneDnnTensor activation(Activation f, Tensor x) {
        OneDnnTensor given = OneDnnTensor.of(x);
        OneDnnTensor y = execution.allocate(given.format(), Shapes.rows("activation", "x", x), given.columnsCount());
        OneDnnTensor in = execution.dense(given);
        ActivationKey key = new ActivationKey(f, true, in.layout());
        execution.run(execution.primitive(key, () -> createForward(key)), in.address(), y.address());
        Execution.releaseDense(given, in);
        return y;
    }

    OneDnnTensor activationBackward(Activation f, Tensor dy, Tensor x) {
        Shapes.checkShape("activationBackward", "dy", dy, x.shape());
        OneDnnTensor givenX = OneDnnTensor.of(x);
        OneDnnTensor givenDy = OneDnnTensor.of(dy);
        OneDnnTensor dx =
                execution.allocate(givenX.format(), Shapes.rows("activationBackward", "x", x), givenX.columnsCount());
        OneDnnTensor in = execution.dense(givenX);
        OneDnnTensor gradient = execution.dense(givenDy);
        ActivationKey key = new ActivationKey(f, false, in.layout());
        execution.run(
                execution.primitive(key, () -> createBackward(key)), in.address(), gradient.address(), dx.address());
        Execution.releaseDense(givenX, in);
        Execution.releaseDense(givenDy, gradient);
        return dx;
    }

    private static Primitive createForward(ActivationKey key) {
        dnnl_memory_desc x = key.x().descriptor();
        dnnl_memory_desc y = key.x().descriptor();
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = describeForward(description, key, x, y);
        return new Primitive.Builder("activation " + key)
                .operand(DNNL_ARG_SRC, x)
                .operand(DNNL_ARG_DST, y)
                .build(description, status);
    }

    private static Primitive createBackward(ActivationKey key) {
        dnnl_memory_desc x = key.x().descriptor();
        dnnl_memory_desc dy = key.x().descriptor();
        dnnl_memory_desc dx = key.x().descriptor();
        dnnl_primitive_desc forward = new dnnl_primitive_desc();
        OneDnn.check(describeForward(forward, key, x, dx), "describe activation " + key);
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_eltwise_backward_primitive_desc_create(
                description, OneDnn.ENGINE, algorithm(key.f()), dx, dy, x, 0, 0, forward, attributes);
        dnnl_primitive_attr_destroy(attributes);
        dnnl_primitive_desc_destroy(forward);
        return new Primitive.Builder("activation " + key)
                .operand(DNNL_ARG_SRC, x)
                .operand(DNNL_ARG_DIFF_DST, dy)
                .operand(DNNL_ARG_DIFF_SRC, dx)
                .build(description, status);
    }

    private static int describeForward(
            dnnl_primitive_desc description, ActivationKey key, dnnl_memory_desc x, dnnl_memory_desc y) {
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        int status = dnnl_eltwise_forward_primitive_desc_create(
                description, OneDnn.ENGINE, dnnl_forward_training, algorithm(key.f()), x, y, 0, 0, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return status;
    }

    private static int algorithm(Activation f) {
        return switch (f) {
            case GELU -> dnnl_eltwise_gelu_erf;
            case GELU_TANH -> dnnl_eltwise_gelu_tanh;
            case RELU -> dnnl_eltwise_relu;
            case TANH -> dnnl_eltwise_tanh;
        };
    }

    // ---- copy, sum and constant

    void assign(Tensor x, Tensor into) {
        Shapes.checkShape("assign", "x", x, into.shape());
        OneDnnTensor from = OneDnnTensor.of(x);
        OneDnnTensor to = OneDnnTensor.of(into);
        AssignmentKey key = new AssignmentKey(from.layout(), to.layout());
        execution.run(
                execution.primitive(
                        key,
                        () -> Reorders.create(
                                "assignment " + key,
                                key.from().descriptor(),
                                key.into().descriptor(),
                                null)),
                from.address(),
                to.address());
    }

    void add(Tensor x, Tensor into) {
        Shapes.checkShape("add", "x", x, into.shape());
        OneDnnTensor from = OneDnnTensor.of(x);
        OneDnnTensor sum = OneDnnTensor.of(into);
        AdditionKey key = new AdditionKey(from.layout(), sum.layout());
        execution.run(execution.primitive(key, () -> createAddition(key)), from.address(), sum.address());
    }

    /** A copy that adds: unlike the binary primitive it is as fast on views. */
    private static Primitive createAddition(AdditionKey key) {
        dnnl_post_ops postOps = new dnnl_post_ops();
        OneDnn.check(dnnl_post_ops_create(postOps), "create post-ops");
        OneDnn.check(dnnl_post_ops_append_sum(postOps, 1, 0, dnnl_data_type_undef), "append a sum");
        return Reorders.create(
                "addition " + key, key.from().descriptor(), key.into().descriptor(), postOps);
    }

    void fill(Tensor tensor, double value) {
        OneDnnTensor target = OneDnnTensor.of(tensor);
        float[] row = new float[(int) target.columnsCount()];
        Arrays.fill(row, (float) value);
        for (long i = 0; i < target.rowsCount(); i++) {
            target.putRow(i, row);
        }
    }

    // ---- dropout and windows by example

    OneDnnTensor dropout(Tensor x, double rate, long key) {
        DropoutMask mask = new DropoutMask(rate, key);
        OneDnnTensor in = OneDnnTensor.of(x);
        OneDnnTensor y = execution.allocate(in.format(), x.shape());
        float[] row = new float[(int) in.columnsCount()];
        for (long i = 0; i < in.rowsCount(); i++) {
            in.getRow(i, row);
            mask.apply(row, i * row.length);
            y.putRow(i, row);
        }
        return y;
    }

    void scaleByExample(Tensor u, float[] factors, int tokens) {
        Shapes.checkScaleByExample(u, factors, tokens);
        OneDnnTensor rows = OneDnnTensor.of(u);
        int rank = (int) rows.columnsCount();
        float[] row = new float[rank];
        for (int i = 0; i < rows.rowsCount(); i++) {
            rows.getRow(i, row);
            int first = i / tokens * rank;
            for (int j = 0; j < rank; j++) {
                row[j] *= factors[first + j];
            }
            rows.putRow(i, row);
        }
    }
}
