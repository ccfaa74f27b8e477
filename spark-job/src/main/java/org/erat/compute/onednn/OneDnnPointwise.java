package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.Arrays;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.DropoutMask;
import org.erat.compute.Pointwise;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.architecture.Activation;

/** What is done to each element by itself: activation, copy, sum, difference and product, constant, dropout, factors of columns. */
final class OneDnnPointwise implements Pointwise {
    private final Execution execution;

    OneDnnPointwise(Execution execution) {
        this.execution = execution;
    }

    private record ActivationKey(Activation f, boolean forward, Layout x) {}

    private record AdditionKey(Layout from, Layout into) {}

    private record BinaryKey(int algorithm, Layout left, Layout right, Layout result) {}

    // ---- activation

    @Override
    public StridedTensor activation(Activation f, Tensor x) {
        StridedTensor given = HostBlock.tensor(x);
        StridedTensor y = execution.allocate(given.dtype(), Shapes.rows("activation", "x", x), given.columns());
        StridedTensor in = execution.dense(given);
        ActivationKey key = new ActivationKey(f, true, Layout.of(in));
        execution.run(execution.primitive(key, () -> createForward(key)), in.address(), y.address());
        Execution.releaseDense(given, in);
        return y;
    }

    @Override
    public StridedTensor activationBackward(Activation f, Tensor dy, Tensor x) {
        Shapes.checkShape("activationBackward", "dy", dy, x.shape());
        StridedTensor dx = execution.allocate(
                HostBlock.tensor(x).dtype(),
                Shapes.rows("activationBackward", "x", x),
                Shapes.columns("activationBackward", "x", x));
        activationBackward(f, dy, x, dx);
        return dx;
    }

    /** Writes the gradient of x to a dense {@code dx}, which may be {@code dy}. */
    void activationBackward(Activation f, Tensor dy, Tensor x, StridedTensor dx) {
        StridedTensor givenX = HostBlock.tensor(x);
        StridedTensor givenDy = HostBlock.tensor(dy);
        StridedTensor in = execution.dense(givenX);
        StridedTensor gradient = execution.dense(givenDy);
        ActivationKey key = new ActivationKey(f, false, Layout.of(in));
        execution.run(
                execution.primitive(key, () -> createBackward(key)), in.address(), gradient.address(), dx.address());
        Execution.releaseDense(givenX, in);
        Execution.releaseDense(givenDy, gradient);
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
                description, OneDnn.ENGINE, algorithm(key.f()), dx, dy, x, alpha(key.f()), 0, forward, attributes);
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
                description,
                OneDnn.ENGINE,
                dnnl_forward_training,
                algorithm(key.f()),
                x,
                y,
                alpha(key.f()),
                0,
                attributes);
        dnnl_primitive_attr_destroy(attributes);
        return status;
    }

    private static int algorithm(Activation f) {
        return switch (f) {
            case GELU -> dnnl_eltwise_gelu_erf;
            case GELU_TANH -> dnnl_eltwise_gelu_tanh;
            case RELU -> dnnl_eltwise_relu;
            case TANH -> dnnl_eltwise_tanh;
            case SILU -> dnnl_eltwise_swish;
        };
    }

    /** Parameter of the algorithm: swish is x·sigmoid(alpha·x). */
    private static float alpha(Activation f) {
        return f == Activation.SILU ? 1 : 0;
    }

    // ---- copy, sum, difference, product and constant

    @Override
    public StridedTensor copy(Tensor x) {
        Shapes.rows("copy", "x", x);
        return execution.copy(HostBlock.tensor(x));
    }

    @Override
    public void assign(Tensor x, Tensor into) {
        Shapes.checkShape("assign", "x", x, into.shape());
        execution.copy(HostBlock.tensor(x), HostBlock.tensor(into));
    }

    @Override
    public void add(Tensor x, Tensor into) {
        Shapes.checkShape("add", "x", x, into.shape());
        StridedTensor from = HostBlock.tensor(x);
        StridedTensor sum = HostBlock.tensor(into);
        AdditionKey key = new AdditionKey(Layout.of(from), Layout.of(sum));
        execution.run(execution.primitive(key, () -> createAddition(key)), from.address(), sum.address());
    }

    /** A copy that adds: unlike the binary primitive it is as fast on views. */
    private static Primitive createAddition(AdditionKey key) {
        dnnl_post_ops postOps = OneDnn.postOps();
        OneDnn.check(dnnl_post_ops_append_sum(postOps, 1, 0, dnnl_data_type_undef), "append a sum");
        return Reorders.create(
                "addition " + key, key.from().descriptor(), key.into().descriptor(), postOps);
    }

    @Override
    public void subtract(Tensor x, Tensor into) {
        Shapes.checkShape("subtract", "x", x, into.shape());
        StridedTensor difference = HostBlock.tensor(into);
        binary(dnnl_binary_sub, difference, HostBlock.tensor(x), difference);
    }

    @Override
    public StridedTensor multiply(Tensor x, Tensor y) {
        Shapes.checkShape("multiply", "y", y, x.shape());
        StridedTensor left = HostBlock.tensor(x);
        StridedTensor product = execution.allocate(left.dtype(), x.shape());
        binary(dnnl_binary_mul, left, HostBlock.tensor(y), product);
        return product;
    }

    private void binary(int algorithm, StridedTensor left, StridedTensor right, StridedTensor result) {
        BinaryKey key = new BinaryKey(algorithm, Layout.of(left), Layout.of(right), Layout.of(result));
        execution.run(
                execution.primitive(key, () -> createBinary(key)), left.address(), right.address(), result.address());
    }

    private static Primitive createBinary(BinaryKey key) {
        dnnl_memory_desc left = key.left().descriptor();
        dnnl_memory_desc right = key.right().descriptor();
        dnnl_memory_desc result = key.result().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_binary_primitive_desc_create(
                description, OneDnn.ENGINE, key.algorithm(), left, right, result, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("pointwise " + key)
                .operand(DNNL_ARG_SRC_0, left)
                .operand(DNNL_ARG_SRC_1, right)
                .operand(DNNL_ARG_DST, result)
                .build(description, status);
    }

    @Override
    public void fill(Tensor tensor, double value) {
        StridedTensor target = HostBlock.tensor(tensor);
        float[] row = new float[(int) target.columns()];
        Arrays.fill(row, (float) value);
        for (long i = 0; i < target.rows(); i++) {
            HostBlock.putRow(target, i, row);
        }
    }

    // ---- dropout and factors of columns

    @Override
    public StridedTensor dropout(Tensor x, double rate, long key, long first) {
        DropoutMask mask = new DropoutMask(rate, key, first);
        StridedTensor in = HostBlock.tensor(x);
        StridedTensor y = execution.allocate(in.dtype(), x.shape());
        float[] row = new float[(int) in.columns()];
        for (long i = 0; i < in.rows(); i++) {
            HostBlock.getRow(in, i, row);
            mask.apply(row, i * row.length);
            HostBlock.putRow(y, i, row);
        }
        return y;
    }

    @Override
    public void scaleColumns(Tensor u, float[] factors, int tokens) {
        int toNextExample = Shapes.checkScaleColumns(u, factors, tokens);
        StridedTensor rows = HostBlock.tensor(u);
        int rank = (int) rows.columns();
        float[] row = new float[rank];
        for (int i = 0; i < rows.rows(); i++) {
            HostBlock.getRow(rows, i, row);
            int first = toNextExample == 0 ? 0 : i / tokens * toNextExample;
            for (int j = 0; j < rank; j++) {
                row[j] *= factors[first + j];
            }
            HostBlock.putRow(rows, i, row);
        }
    }
}
