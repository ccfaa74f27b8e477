package org.erat.compute.cuda;

import org.erat.compute.FrozenLinear;
import org.erat.compute.Matrices;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.architecture.Activation;
import org.erat.data.safetensors.Dtype;

/** Linear maps by frozen weights, and products of any two matrices. */
final class CudaMatrices implements Matrices {
    /** What cuBLASLt asks of a matrix beside a product: its distance between columns, and where it starts. */
    private static final int AUXILIARY_ELEMENTS = 8;

    private static final int AUXILIARY_BYTES = 16;

    private final Execution execution;
    private final CudaPointwise pointwise;

    CudaMatrices(Execution execution, CudaPointwise pointwise) {
        this.execution = execution;
        this.pointwise = pointwise;
    }

    @Override
    public StridedTensor linear(Tensor x, FrozenLinear w) {
        return forward("linear", x, w, execution.activations(), Epilogue.BIAS, 0);
    }

    @Override
    public StridedTensor linearSingle(Tensor x, FrozenLinear w) {
        return forward("linearSingle", x, w, Dtype.F32, Epilogue.BIAS, 0);
    }

    @Override
    public StridedTensor linearBackward(Tensor dy, FrozenLinear w) {
        return backward("linearBackward", dy, w, Epilogue.NONE, 0);
    }

    /**
     * Whether cuBLASLt ends a product of rows of this width in {@code f}. Its GELU is the approximation by tanh: the exact
     * one differs from it by up to 5e-4, and by a tenth of itself in the left tail, so a model of that has our kernel. Of
     * RELU it keeps one bit for each element where our blocks keep the element.
     */
    private static boolean endsIn(Activation f, long width) {
        return f == Activation.GELU_TANH && width % AUXILIARY_ELEMENTS == 0;
    }

    /** Whether cuBLASLt can read {@code inner} beside a product with a frozen map. */
    private boolean mayReadBesides(Tensor inner) {
        StridedTensor auxiliary = DeviceBlock.tensor(inner);
        return auxiliary.isDense()
                && auxiliary.dtype() == execution.activations()
                && auxiliary.address() % AUXILIARY_BYTES == 0;
    }

    @Override
    public Activated linearActivation(Activation f, Tensor x, FrozenLinear w) {
        if (!endsIn(f, w.out())) {
            StridedTensor inner = linear(x, w);
            return new Activated(inner, pointwise.activation(f, inner));
        }
        long rows = Shapes.rows("linearActivation", "x", x);
        Shapes.checkShape("linearActivation", "x", x, rows, w.in());
        StridedTensor inner = execution.allocate(rows, w.out());
        return new Activated(
                inner, forward("linearActivation", x, w, execution.activations(), Epilogue.GELU, inner.address()));
    }

    @Override
    public StridedTensor linearActivationBackward(Activation f, Tensor dy, FrozenLinear w, Tensor inner) {
        if (!endsIn(f, w.in()) || !mayReadBesides(inner)) {
            try (StridedTensor dActivated = linearBackward(dy, w)) {
                return pointwise.activationBackward(f, dActivated, inner);
            }
        }
        String primitive = "linearActivationBackward";
        Shapes.checkShape(primitive, "inner", inner, Shapes.rows(primitive, "dy", dy), w.in());
        return backward(
                primitive,
                dy,
                w,
                Epilogue.GELU_BACKWARD,
                DeviceBlock.tensor(inner).address());
    }

    private StridedTensor forward(
            String primitive, Tensor x, FrozenLinear w, Dtype result, Epilogue epilogue, long auxiliary) {
        Shapes.checkShape(primitive, "x", x, Shapes.rows(primitive, "x", x), w.in());
        CudaWeight map = CudaWeight.of(w);
        StridedTensor given = DeviceBlock.tensor(x);
        StridedTensor in = execution.in(map.matrix().dtype(), given);
        StridedTensor y = execution.allocate(result, in.rows(), map.out());
        // An epilogue takes its bias in the dtype of the result.
        StridedTensor bias = execution.in(result, map.bias());
        Gemm gemm = Gemm.ofRows(in, false, map.matrix(), true, y).endingIn(epilogue);
        run(gemm, in, map.matrix(), y, bias.address(), auxiliary);
        Execution.release(map.bias(), bias);
        Execution.release(given, in);
        return y;
    }

    private StridedTensor backward(String primitive, Tensor dy, FrozenLinear w, Epilogue epilogue, long auxiliary) {
        Shapes.checkShape(primitive, "dy", dy, Shapes.rows(primitive, "dy", dy), w.out());
        CudaWeight map = CudaWeight.of(w);
        StridedTensor given = DeviceBlock.tensor(dy);
        StridedTensor gradient = execution.in(map.matrix().dtype(), given);
        StridedTensor dx = execution.allocate(map.matrix().dtype(), gradient.rows(), map.in());
        Gemm gemm = Gemm.ofRows(gradient, false, map.matrix(), false, dx).endingIn(epilogue);
        run(gemm, gradient, map.matrix(), dx, 0, auxiliary);
        Execution.release(given, gradient);
        return dx;
    }

    @Override
    public void matmul(
            Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        Shapes.checkMatmul(a, transposeA, b, transposeB, c);
        StridedTensor givenA = DeviceBlock.tensor(a);
        StridedTensor givenB = DeviceBlock.tensor(b);
        StridedTensor result = DeviceBlock.tensor(c);
        Dtype dtype = givenA.dtype() == givenB.dtype() ? givenA.dtype() : Dtype.F32;
        StridedTensor left = execution.in(dtype, givenA);
        StridedTensor right = execution.in(dtype, givenB);
        // There is no product of f32 operands that is rounded to bf16.
        StridedTensor into = result;
        if (dtype == Dtype.F32 && result.dtype() == Dtype.BF16) {
            into = beta == 0 ? execution.allocate(dtype, c.shape()) : execution.copy(result, dtype);
        }
        run(Gemm.ofRows(left, transposeA, right, transposeB, into).scaled(alpha, beta), left, right, into, 0, 0);
        Execution.release(givenA, left);
        Execution.release(givenB, right);
        if (into != result) {
            execution.copy(into, result);
            into.close();
        }
    }

    /** By columns the right operand comes first. */
    private void run(
            Gemm gemm, StridedTensor left, StridedTensor right, StridedTensor result, long bias, long auxiliary) {
        execution.stream()
                .gemm(gemm, right.address(), left.address(), result.address(), bias, auxiliary, execution.workspace());
    }
}
