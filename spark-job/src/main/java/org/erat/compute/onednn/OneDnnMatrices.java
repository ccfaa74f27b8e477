package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Matrices;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;
import org.erat.config.ComputeSettings.Weights;
import org.erat.data.architecture.Activation;
import org.erat.data.safetensors.Dtype;

/** Products with frozen weights, in both directions, and products of two tensors that change: the adapters' skinny ones. */
final class OneDnnMatrices implements Matrices {
    /**
     * Rows of a plain table that the backward product reads at a time. oneDNN (3.11) reads the right operand in strips of
     * columns; of a table that no cache holds each strip comes from memory in pieces that lie far apart. On one core the
     * product of 100 to 300 rows with a table of 50,257 rows of width 768 took some 30 % less time so.
     */
    private static final int TABLE_ROWS = 512;

    /** Plain weights of fewer rows are read at once: those of feed-forward layers, for which this was not measured. */
    private static final int LONG_TABLE = 30_000;

    private final Execution execution;
    private final OneDnnPointwise pointwise;

    OneDnnMatrices(Execution execution, OneDnnPointwise pointwise) {
        this.execution = execution;
        this.pointwise = pointwise;
    }

    // ---- frozen weights

    /** Layouts of weights are a function of width, dtype and order, so maps that share these share their primitives. */
    private record LinearKey(Layout source, Layout result, Weights order, boolean forward) {}

    @Override
    public StridedTensor linear(Tensor x, FrozenLinear w) {
        return forward("linear", x, w, execution.activations());
    }

    @Override
    public StridedTensor linearSingle(Tensor x, FrozenLinear w) {
        return forward("linearSingle", x, w, Dtype.F32);
    }

    private StridedTensor forward(String name, Tensor x, FrozenLinear w, Dtype result) {
        Shapes.checkShape(name, "x", x, Shapes.rows(name, "x", x), w.in());
        FrozenWeight weight = FrozenWeight.of(w);
        return multiply(name, HostBlock.tensor(x), weight, weight.forward(), true, result);
    }

    @Override
    public StridedTensor linearBackward(Tensor dy, FrozenLinear w) {
        Shapes.checkShape("linearBackward", "dy", dy, Shapes.rows("linearBackward", "dy", dy), w.out());
        FrozenWeight weight = FrozenWeight.of(w);
        if (weight.order() == Weights.PLAIN && w.out() >= LONG_TABLE) {
            return tableBackward(HostBlock.tensor(dy), weight);
        }
        return multiply(
                "linearBackward", HostBlock.tensor(dy), weight, weight.backward(), false, execution.activations());
    }

    /** dy·W as a sum, in f32, of the products with some rows of W after the other. */
    private StridedTensor tableBackward(StridedTensor dy, FrozenWeight weight) {
        requireDtype("linearBackward", dy, weight);
        long table = weight.backward().memory().address();
        StridedTensor sum = execution.allocate(Dtype.F32, dy.rows(), weight.in());
        boolean returned = false;
        try {
            addProducts(dy, weight, table, sum);
            returned = execution.activations() == Dtype.F32;
            if (returned) {
                return sum;
            }
            StridedTensor dx = execution.allocate(dy.rows(), weight.in());
            execution.copy(sum, dx);
            return dx;
        } finally {
            if (!returned) {
                sum.close();
            }
        }
    }

    private void addProducts(StridedTensor dy, FrozenWeight weight, long table, StridedTensor sum) {
        for (long from = 0; from < weight.out(); from += TABLE_ROWS) {
            long to = Math.min(weight.out(), from + TABLE_ROWS);
            StridedTensor part = dy.columns(from, to);
            Layout rows = new Layout(weight.dtype(), to - from, weight.in(), weight.in());
            MatmulKey key = new MatmulKey(Layout.of(part), false, rows, false, 1, from == 0 ? 0 : 1, Layout.of(sum));
            execution.run(
                    execution.primitive(key, () -> create(key)),
                    part.address(),
                    table + weight.dtype().bytes() * from * weight.in(),
                    sum.address());
        }
    }

    private static void requireDtype(String name, StridedTensor operand, FrozenWeight weight) {
        Shapes.require(
                operand.dtype() == weight.dtype(),
                "%s: %s operand for a weight in %s",
                name,
                operand.dtype(),
                weight.dtype());
    }

    private StridedTensor multiply(
            String name,
            StridedTensor source,
            FrozenWeight weight,
            FrozenWeight.Packed packed,
            boolean forward,
            Dtype dtype) {
        requireDtype(name, source, weight);
        StridedTensor result = execution.allocate(dtype, source.rows(), packed.to());
        LinearKey key = new LinearKey(Layout.of(source), Layout.of(result), weight.order(), forward);
        Primitive product = execution.primitive(key, () -> create(key, packed.layout()));
        if (forward) {
            execution.run(product, source.address(), packed.memory().address(), result.address(), weight.biasAddress());
        } else {
            execution.run(product, source.address(), packed.memory().address(), result.address());
        }
        return result;
    }

    private static Primitive create(LinearKey key, dnnl_memory_desc layout) {
        dnnl_memory_desc source = key.source().descriptor();
        dnnl_memory_desc weight = OneDnn.clone(layout);
        dnnl_memory_desc result = key.result().descriptor();
        dnnl_memory_desc bias = key.forward() ? OneDnn.floats(1, key.result().columns()) : null;
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status =
                dnnl_matmul_primitive_desc_create(description, OneDnn.ENGINE, source, weight, bias, result, attributes);
        dnnl_primitive_attr_destroy(attributes);
        Primitive.Builder builder = new Primitive.Builder("linear " + key)
                .operand(DNNL_ARG_SRC, source)
                .operand(DNNL_ARG_WEIGHTS, weight)
                .operand(DNNL_ARG_DST, result);
        if (key.forward()) {
            builder.operand(DNNL_ARG_BIAS, bias);
        }
        return builder.build(description, status);
    }

    /** In two passes: a product that ends in an activation would not keep what the backward pass needs. */
    @Override
    public Activated linearActivation(Activation f, Tensor x, FrozenLinear w) {
        StridedTensor inner = linear(x, w);
        return new Activated(inner, pointwise.activation(f, inner));
    }

    /** The gradient of the activated values is turned into that of {@code inner} where it lies. */
    @Override
    public StridedTensor linearActivationBackward(Activation f, Tensor dy, FrozenLinear w, Tensor inner) {
        Shapes.checkShape(
                "linearActivationBackward", "inner", inner, Shapes.rows("linearActivationBackward", "dy", dy), w.in());
        StridedTensor gradient = linearBackward(dy, w);
        pointwise.activationBackward(f, gradient, inner, gradient);
        return gradient;
    }

    // ---- any two matrices

    private record MatmulKey(
            Layout a, boolean transposeA, Layout b, boolean transposeB, float alpha, float beta, Layout c) {}

    @Override
    public void matmul(
            Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        Shapes.checkMatmul(a, transposeA, b, transposeB, c);
        StridedTensor left = HostBlock.tensor(a);
        StridedTensor right = HostBlock.tensor(b);
        StridedTensor into = HostBlock.tensor(c);
        MatmulKey key = new MatmulKey(
                Layout.of(left),
                transposeA,
                Layout.of(right),
                transposeB,
                (float) alpha,
                (float) beta,
                Layout.of(into));
        execution.run(execution.primitive(key, () -> create(key)), left.address(), right.address(), into.address());
    }

    private static Primitive create(MatmulKey key) {
        dnnl_memory_desc a = key.transposeA() ? key.a().transposed() : key.a().descriptor();
        dnnl_memory_desc b = key.transposeB() ? key.b().transposed() : key.b().descriptor();
        dnnl_memory_desc c = key.c().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(scaleAndSum(key.alpha(), key.beta()));
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_matmul_primitive_desc_create(description, OneDnn.ENGINE, a, b, null, c, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("matmul " + key)
                .operand(DNNL_ARG_SRC, a)
                .operand(DNNL_ARG_WEIGHTS, b)
                .operand(DNNL_ARG_DST, c)
                .build(description, status);
    }

    private static dnnl_post_ops scaleAndSum(float alpha, float beta) {
        dnnl_post_ops postOps = OneDnn.postOps();
        if (alpha != 1) {
            OneDnn.check(dnnl_post_ops_append_eltwise(postOps, dnnl_eltwise_linear, alpha, 0), "append a scale");
        }
        if (beta != 0) {
            OneDnn.check(dnnl_post_ops_append_sum(postOps, beta, 0, dnnl_data_type_undef), "append a sum");
        }
        return postOps;
    }
}
