package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import org.erat.compute.FrozenLinear;
import org.erat.compute.Matrices;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Matrix products. */
final class Nd4jMatrices implements Matrices {
    private final Nd4jMemory memory;
    private final Nd4jPointwise pointwise;

    Nd4jMatrices(Nd4jMemory memory, Nd4jPointwise pointwise) {
        this.memory = memory;
        this.pointwise = pointwise;
    }

    @Override
    public Tensor linear(Tensor x, FrozenLinear w) {
        Nd4jBackend.Linear map = Nd4jBackend.Linear.of(w);
        Shapes.checkShape("linear", "x", x, Shapes.rows("linear", "x", x), w.in());
        return memory.own(array(x).mmul(array(map.weight()).transpose()).addiRowVector(array(map.bias())));
    }

    @Override
    public Tensor linearSingle(Tensor x, FrozenLinear w) {
        return linear(x, w);
    }

    @Override
    public Tensor linearBackward(Tensor dy, FrozenLinear w) {
        Nd4jBackend.Linear map = Nd4jBackend.Linear.of(w);
        Shapes.checkShape("linearBackward", "dy", dy, Shapes.rows("linearBackward", "dy", dy), w.out());
        return memory.own(array(dy).mmul(array(map.weight())));
    }

    @Override
    public Activated linearActivation(Activation f, Tensor x, FrozenLinear w) {
        Tensor inner = linear(x, w);
        return new Activated(inner, pointwise.activation(f, inner));
    }

    @Override
    public Tensor linearActivationBackward(Activation f, Tensor dy, FrozenLinear w, Tensor inner) {
        try (Tensor dActivated = linearBackward(dy, w)) {
            return pointwise.activationBackward(f, dActivated, inner);
        }
    }

    @Override
    public void matmul(
            Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        Shapes.checkMatmul(a, transposeA, b, transposeB, c);
        INDArray left = transposeA ? array(a).transpose() : array(a);
        INDArray right = transposeB ? array(b).transpose() : array(b);
        INDArray product = left.mmul(right).muli(alpha);
        INDArray into = array(c);
        if (beta != 0) {
            product.addi(into.mul(beta));
        }
        into.assign(product);
    }
}
