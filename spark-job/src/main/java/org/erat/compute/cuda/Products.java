package org.erat.compute.cuda;

import org.erat.compute.Activation;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels.Activated;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Linear maps by frozen weights, and products of any two matrices. */
final class Products {
    /** What cuBLASLt asks of a matrix beside a product: its distance between columns, and where it starts. */
    private static final int AUXILIARY_ELEMENTS = 8;

    private static final int AUXILIARY_BYTES = 16;

    private final Execution execution;

    Products(Execution execution) {
        this.execution = execution;
    }

    CudaTensor linear(Tensor x, FrozenLinear w) {
        return forward("linear", x, w, Epilogue.BIAS, 0);
    }

    CudaTensor linearBackward(Tensor dy, FrozenLinear w) {
        return backward("linearBackward", dy, w, Epilogue.NONE, 0);
    }

    /**
     * Whether cuBLASLt ends a product of rows of this width in {@code f}. Its GELU is the approximation by tanh: the exact
     * one differs from it by up to 5e-4, and by a tenth of itself in the left tail, so a model of that has our kernel. Of
     * RELU it keeps one bit for each element where our blocks keep the element.
     */
    static boolean endsIn(Activation f, long width) {
        return f == Activation.GELU_TANH && width % AUXILIARY_ELEMENTS == 0;
    }

    /** Whether cuBLASLt can read {@code inner} beside a product with a frozen map. */
    boolean mayReadBesides(Tensor inner) {
        CudaTensor auxiliary = CudaTensor.of(inner);
        return auxiliary.isDense()
                && auxiliary.format() == execution.activations()
                && auxiliary.address() % AUXILIARY_BYTES == 0;
    }

    Activated linearGelu(Tensor x, FrozenLinear w) {
        long rows = Shapes.rows("linearActivation", "x", x);
        Shapes.checkShape("linearActivation", "x", x, rows, w.in());
        CudaTensor inner = execution.allocate(rows, w.out());
        return new Activated(inner, forward("linearActivation", x, w, Epilogue.GELU, inner.address()));
    }

    CudaTensor linearBackwardThroughGelu(Tensor dy, FrozenLinear w, Tensor inner) {
        String primitive = "linearBackwardThroughActivation";
        Shapes.checkShape(primitive, "inner", inner, Shapes.rows(primitive, "dy", dy), w.in());
        return backward(
                primitive, dy, w, Epilogue.GELU_BACKWARD, CudaTensor.of(inner).address());
    }

    private CudaTensor forward(String primitive, Tensor x, FrozenLinear w, Epilogue epilogue, long auxiliary) {
        Shapes.checkShape(primitive, "x", x, Shapes.rows(primitive, "x", x), w.in());
        CudaWeight map = CudaWeight.of(w);
        CudaTensor given = CudaTensor.of(x);
        CudaTensor in = execution.in(map.matrix().format(), given);
        CudaTensor y = execution.allocate(map.matrix().format(), in.rowsCount(), map.out());
        Product product = Product.ofRows(in, false, map.matrix(), true, y).endingIn(epilogue);
        run(product, in, map.matrix(), y, map.bias().address(), auxiliary);
        Execution.release(given, in);
        return y;
    }

    private CudaTensor backward(String primitive, Tensor dy, FrozenLinear w, Epilogue epilogue, long auxiliary) {
        Shapes.checkShape(primitive, "dy", dy, Shapes.rows(primitive, "dy", dy), w.out());
        CudaWeight map = CudaWeight.of(w);
        CudaTensor given = CudaTensor.of(dy);
        CudaTensor gradient = execution.in(map.matrix().format(), given);
        CudaTensor dx = execution.allocate(map.matrix().format(), gradient.rowsCount(), map.in());
        Product product =
                Product.ofRows(gradient, false, map.matrix(), false, dx).endingIn(epilogue);
        run(product, gradient, map.matrix(), dx, 0, auxiliary);
        Execution.release(given, gradient);
        return dx;
    }

    void product(Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        Shapes.checkProduct(a, transposeA, b, transposeB, c);
        CudaTensor givenA = CudaTensor.of(a);
        CudaTensor givenB = CudaTensor.of(b);
        CudaTensor result = CudaTensor.of(c);
        Format format = givenA.format() == givenB.format() ? givenA.format() : Format.F32;
        CudaTensor left = execution.in(format, givenA);
        CudaTensor right = execution.in(format, givenB);
        // There is no product of f32 operands that is rounded to bf16.
        CudaTensor into = result;
        if (format == Format.F32 && result.format() == Format.BF16) {
            into = beta == 0 ? execution.allocate(format, c.shape()) : execution.copy(result, format);
        }
        run(Product.ofRows(left, transposeA, right, transposeB, into).scaled(alpha, beta), left, right, into, 0, 0);
        Execution.release(givenA, left);
        Execution.release(givenB, right);
        if (into != result) {
            execution.copy(into, result);
            into.close();
        }
    }

    /** By columns the right operand comes first. */
    private void run(Product product, CudaTensor left, CudaTensor right, CudaTensor result, long bias, long auxiliary) {
        execution.stream()
                .product(
                        product,
                        right.address(),
                        left.address(),
                        result.address(),
                        bias,
                        auxiliary,
                        execution.workspace());
    }
}
