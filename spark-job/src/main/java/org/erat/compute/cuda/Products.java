package org.erat.compute.cuda;

import org.erat.compute.FrozenLinear;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Linear maps by frozen weights, and products of any two matrices. */
final class Products {
    private final Execution execution;

    Products(Execution execution) {
        this.execution = execution;
    }

    CudaTensor linear(Tensor x, FrozenLinear w) {
        Shapes.checkShape("linear", "x", x, Shapes.rows("linear", "x", x), w.in());
        CudaWeight map = CudaWeight.of(w);
        CudaTensor given = CudaTensor.of(x);
        CudaTensor in = execution.in(map.matrix().format(), given);
        CudaTensor y = execution.allocate(map.matrix().format(), in.rowsCount(), map.out());
        Product product = Product.ofRows(in, false, map.matrix(), true, y).withBias();
        run(product, in, map.matrix(), y, map.bias().address());
        Execution.release(given, in);
        return y;
    }

    CudaTensor linearBackward(Tensor dy, FrozenLinear w) {
        Shapes.checkShape("linearBackward", "dy", dy, Shapes.rows("linearBackward", "dy", dy), w.out());
        CudaWeight map = CudaWeight.of(w);
        CudaTensor given = CudaTensor.of(dy);
        CudaTensor gradient = execution.in(map.matrix().format(), given);
        CudaTensor dx = execution.allocate(map.matrix().format(), gradient.rowsCount(), map.in());
        run(Product.ofRows(gradient, false, map.matrix(), false, dx), gradient, map.matrix(), dx, 0);
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
        run(Product.ofRows(left, transposeA, right, transposeB, into).scaled(alpha, beta), left, right, into, 0);
        Execution.release(givenA, left);
        Execution.release(givenB, right);
        if (into != result) {
            execution.copy(into, result);
            into.close();
        }
    }

    /** By columns the right operand comes first. */
    private void run(Product product, CudaTensor left, CudaTensor right, CudaTensor result, long bias) {
        execution.stream()
                .product(product, right.address(), left.address(), result.address(), bias, execution.workspace());
    }
}
