package org.erat.head;

import java.util.List;
import org.erat.compute.Kernels;
import org.erat.compute.Norms.NormState;
import org.erat.compute.Tensor;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.TaskHead;

/**
 * Layer normalization of the states in a head, with a weight that learns: y = x̂·w + b, where x̂ is x with mean 0 and variance
 * 1 over each row. Made of the primitive for frozen weights, with ones and zeros for them. In single precision.
 */
final class TrainedNorm {
    private final Kernels kernels;
    private final double epsilon;
    private final HeadLayout.Array weight;
    private final List<HeadLayout.Array> bias;

    /** @param arrays those of the head */
    TrainedNorm(TaskHead.Norm norm, List<HeadLayout.Array> arrays, Kernels kernels) {
        this.kernels = kernels;
        this.epsilon = norm.epsilon();
        this.weight = named(ModelTensors.weight(norm.name()), arrays).get(0);
        this.bias = named(ModelTensors.bias(norm.name()), arrays);
    }

    private static List<HeadLayout.Array> named(String name, List<HeadLayout.Array> arrays) {
        return arrays.stream().filter(array -> array.name().equals(name)).toList();
    }

    /**
     * What a forward pass keeps. Closing it leaves the input to its owner.
     *
     * @param normal x̂ [M,H]
     */
    record State(NormState input, Tensor normal) implements AutoCloseable {
        @Override
        public void close() {
            input.mean().close();
            input.rstd().close();
            normal.close();
        }
    }

    /** The state of x [M,H], which must stay open as long as it. */
    State normalize(Tensor x) {
        long rows = x.shape()[0];
        NormState state = new NormState(
                x, kernels.memory().allocateSingle(rows), kernels.memory().allocateSingle(rows));
        try (Tensor one = vector(x.shape()[1], 1);
                Tensor zero = vector(x.shape()[1], 0)) {
            return new State(state, kernels.norms().layerNorm(x, one, zero, epsilon, state.mean(), state.rstd()));
        }
    }

    /** y [M,H]. */
    Tensor forward(State state, Head.Parameters parameters) {
        Tensor y = scaled(state.normal(), parameters);
        for (HeadLayout.Array array : bias) {
            try (Tensor ones = column(y.shape()[0])) {
                kernels.matrices()
                        .matmul(ones, false, array.of(parameters.values(), parameters.from()), false, 1, 1, y);
            }
        }
        return y;
    }

    /** Adds the gradients of weight and bias, and gives dx [M,H]. */
    Tensor backward(Tensor dy, State state, Head.Parameters parameters) {
        try (Tensor ones = column(dy.shape()[0]);
                Tensor alongNormal = kernels.pointwise().multiply(dy, state.normal())) {
            Tensor dw = weight.of(parameters.gradient(), parameters.from());
            kernels.matrices().matmul(ones, true, alongNormal, false, 1, 1, dw);
            for (HeadLayout.Array array : bias) {
                Tensor db = array.of(parameters.gradient(), parameters.from());
                kernels.matrices().matmul(ones, true, dy, false, 1, 1, db);
            }
        }
        try (Tensor dNormal = scaled(dy, parameters);
                Tensor one = vector(dy.shape()[1], 1);
                Tensor zero = vector(dy.shape()[1], 0)) {
            return kernels.norms().layerNormBackward(dNormal, one, zero, epsilon, state.input());
        }
    }

    /** x·w, w being the same in each row. */
    private Tensor scaled(Tensor x, Head.Parameters parameters) {
        try (Tensor ones = column(x.shape()[0]);
                Tensor factors = kernels.memory().allocateSingle(x.shape())) {
            kernels.matrices()
                    .matmul(ones, false, weight.of(parameters.values(), parameters.from()), false, 1, 0, factors);
            return kernels.pointwise().multiply(x, factors);
        }
    }

    private Tensor column(long rows) {
        Tensor ones = kernels.memory().allocateSingle(rows, 1);
        kernels.pointwise().fill(ones, 1);
        return ones;
    }

    private Tensor vector(long length, double value) {
        Tensor vector = kernels.memory().allocateSingle(length);
        kernels.pointwise().fill(vector, value);
        return vector;
    }
}
