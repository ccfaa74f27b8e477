package org.erat.head;

import java.util.List;
import java.util.stream.IntStream;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;

/**
 * Classes or a number of a whole example: o = tanh(s·W₁ᵀ + b₁)·W₂ᵀ + b₂ of its pooled state s; or classes of single tokens:
 * o = s·Wᵀ + b of the token's state. All of it is in single precision.
 */
final class OutputHead implements Head {
    private final HeadSpec spec;
    private final Kernels kernels;
    private final List<HeadLayout.Array> arrays;

    OutputHead(HeadSpec spec, Kernels kernels) {
        this.spec = spec;
        this.kernels = kernels;
        this.arrays = spec.layout().arrays();
    }

    @Override
    public HeadSpec spec() {
        return spec;
    }

    // ---- what is read

    @Override
    public Tensor read(Tensor hidden, Batch batch) {
        return spec.readout() == HeadSpec.Readout.MEAN
                ? kernels.tokens().meanPool(hidden, batch.lengths())
                : kernels.tokens().gather(hidden, rows(batch));
    }

    @Override
    public Tensor readBackward(Tensor dStates, Batch batch) {
        return spec.readout() == HeadSpec.Readout.MEAN
                ? kernels.tokens().meanPoolBackward(dStates, batch.lengths(), batch.tokens())
                : kernels.tokens().gatherBackward(dStates, rows(batch), (long) batch.size() * batch.tokens());
    }

    private int[] rows(Batch batch) {
        if (spec.readout() == HeadSpec.Readout.FIRST_TOKEN) {
            return IntStream.range(0, batch.size()).map(b -> b * batch.tokens()).toArray();
        }
        return batch.targets().tokens();
    }

    // ---- layers

    /**
     * @param inner [M,H] before tanh; null without a dense layer
     * @param activated [M,H] after it; null without a dense layer
     */
    private record LayersPass(Tensor states, @Nullable Tensor inner, @Nullable Tensor activated, Tensor outputs)
            implements Pass {
        Tensor last() {
            return activated == null ? states : activated;
        }

        @Override
        public void close() {
            outputs.close();
            if (inner != null) {
                inner.close();
                activated.close();
            }
        }
    }

    @Override
    public Pass forward(Tensor states, Tensor parameters, long from) {
        if (!spec.hasDense()) {
            return new LayersPass(states, null, null, linear(states, parameters, from, 0));
        }
        Tensor inner = linear(states, parameters, from, 0);
        Tensor activated = kernels.pointwise().activation(Activation.TANH, inner);
        return new LayersPass(states, inner, activated, linear(activated, parameters, from, 2));
    }

    @Override
    public Tensor backward(Pass pass, Tensor dOutputs, Tensor parameters, Tensor gradient, long from) {
        LayersPass layers = (LayersPass) pass;
        int last = spec.hasDense() ? 2 : 0;
        linearGradient(layers.last(), dOutputs, gradient, from, last);
        Tensor dLast = linearBackward(dOutputs, parameters, from, last);
        if (!spec.hasDense()) {
            return dLast;
        }
        Tensor dInner = kernels.pointwise().activationBackward(Activation.TANH, dLast, layers.inner());
        dLast.close();
        linearGradient(layers.states(), dInner, gradient, from, 0);
        Tensor dStates = linearBackward(dInner, parameters, from, 0);
        dInner.close();
        return dStates;
    }

    /** y = x·Wᵀ + b, with W and b the arrays {@code weight} and {@code weight + 1}. */
    private Tensor linear(Tensor x, Tensor parameters, long from, int weight) {
        Tensor w = arrays.get(weight).of(parameters, from);
        Tensor b = arrays.get(weight + 1).of(parameters, from);
        Tensor y = kernels.memory().allocateSingle(x.shape()[0], w.shape()[0]);
        try (Tensor ones = ones(x.shape()[0])) {
            kernels.matrices().matmul(ones, false, b, false, 1, 0, y);
        }
        kernels.matrices().matmul(x, false, w, true, 1, 1, y);
        return y;
    }

    /** dx = dy·W. */
    private Tensor linearBackward(Tensor dy, Tensor parameters, long from, int weight) {
        Tensor w = arrays.get(weight).of(parameters, from);
        Tensor dx = kernels.memory().allocateSingle(dy.shape()[0], w.shape()[1]);
        kernels.matrices().matmul(dy, false, w, false, 1, 0, dx);
        return dx;
    }

    /** dW += dyᵀ·x, db += the sum of dy's rows. */
    private void linearGradient(Tensor x, Tensor dy, Tensor gradient, long from, int weight) {
        kernels.matrices().matmul(dy, true, x, false, 1, 1, arrays.get(weight).of(gradient, from));
        try (Tensor ones = ones(dy.shape()[0])) {
            kernels.matrices()
                    .matmul(ones, true, dy, false, 1, 1, arrays.get(weight + 1).of(gradient, from));
        }
    }

    private Tensor ones(long rows) {
        Tensor ones = kernels.memory().allocateSingle(rows, 1);
        kernels.pointwise().fill(ones, 1);
        return ones;
    }

    // ---- loss

    @Override
    public Tensor loss(Pass pass, Targets targets, double weight, Tensor losses) {
        Tensor outputs = pass.outputs();
        double ofEach = weight / outputs.shape()[0];
        if (targets instanceof Targets.Numbers numbers) {
            return kernels.losses().squaredError(outputs, numbers.numbers(), ofEach, losses);
        }
        int[] classes =
                targets instanceof Targets.TokenClasses tokens ? tokens.known() : ((Targets.Classes) targets).classes();
        return kernels.losses().crossEntropy(outputs, classes, ofEach, losses);
    }
}
