package org.erat.head;

import java.util.Arrays;
import java.util.List;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;
import org.erat.data.tokenized.Targets;

/**
 * Classes or a number of a whole example: o = tanh(s·W₁ᵀ + b₁)·W₂ᵀ + b₂ of its pooled state s; or classes of single tokens:
 * o = s·Wᵀ + b of the token's state. All of it is in single precision.
 */
final class OutputHead extends Head {
    private final LossSettings loss;
    private final Kernels kernels;
    private final List<HeadLayout.Array> arrays;

    OutputHead(HeadSpec spec, LossSettings loss, Kernels kernels) {
        super(spec, kernels);
        this.loss = loss;
        this.kernels = kernels;
        this.arrays = spec.layout().arrays();
    }

    @Override
    public Tensor outputs(Tensor states, Parameters parameters) {
        try (Dense dense = dense(states, parameters)) {
            return outputs(dense, parameters);
        }
    }

    @Override
    public void loss(Tensor states, Targets targets, Parameters parameters, Tensor losses) {
        try (Tensor outputs = outputs(states, parameters)) {
            loss(outputs, targets, 1, losses).close();
        }
    }

    @Override
    public Tensor lossGradient(Tensor states, Targets targets, double weight, Parameters parameters, Tensor losses) {
        try (Dense dense = dense(states, parameters);
                Tensor outputs = outputs(dense, parameters);
                Tensor dOutputs = loss(outputs, targets, weight, losses)) {
            return backward(dense, dOutputs, parameters);
        }
    }

    // ---- layers

    /**
     * A pass through the dense layer, where there is one.
     *
     * @param inner [M,H] before tanh; null without a dense layer
     * @param activated [M,H] after it; null without a dense layer
     */
    private record Dense(Tensor states, @Nullable Tensor inner, @Nullable Tensor activated) implements AutoCloseable {
        Tensor last() {
            return activated == null ? states : activated;
        }

        @Override
        public void close() {
            if (inner != null) {
                inner.close();
                activated.close();
            }
        }
    }

    private Dense dense(Tensor states, Parameters parameters) {
        if (!spec().hasDense()) {
            return new Dense(states, null, null);
        }
        Tensor inner = linear(states, parameters, 0);
        return new Dense(states, inner, kernels.pointwise().activation(Activation.TANH, inner));
    }

    private Tensor outputs(Dense dense, Parameters parameters) {
        return linear(dense.last(), parameters, lastLayer());
    }

    private int lastLayer() {
        return spec().hasDense() ? 2 : 0;
    }

    private Tensor backward(Dense dense, Tensor dOutputs, Parameters parameters) {
        linearGradient(dense.last(), dOutputs, parameters, lastLayer());
        Tensor dLast = linearBackward(dOutputs, parameters, lastLayer());
        if (!spec().hasDense()) {
            return dLast;
        }
        Tensor dInner = kernels.pointwise().activationBackward(Activation.TANH, dLast, dense.inner());
        dLast.close();
        linearGradient(dense.states(), dInner, parameters, 0);
        Tensor dStates = linearBackward(dInner, parameters, 0);
        dInner.close();
        return dStates;
    }

    /** y = x·Wᵀ + b, with W and b the arrays {@code weight} and {@code weight + 1}. */
    private Tensor linear(Tensor x, Parameters parameters, int weight) {
        Tensor w = arrays.get(weight).of(parameters.values(), parameters.from());
        Tensor b = arrays.get(weight + 1).of(parameters.values(), parameters.from());
        Tensor y = kernels.memory().allocateSingle(x.shape()[0], w.shape()[0]);
        try (Tensor ones = ones(x.shape()[0])) {
            kernels.matrices().matmul(ones, false, b, false, 1, 0, y);
        }
        kernels.matrices().matmul(x, false, w, true, 1, 1, y);
        return y;
    }

    /** dx = dy·W. */
    private Tensor linearBackward(Tensor dy, Parameters parameters, int weight) {
        Tensor w = arrays.get(weight).of(parameters.values(), parameters.from());
        Tensor dx = kernels.memory().allocateSingle(dy.shape()[0], w.shape()[1]);
        kernels.matrices().matmul(dy, false, w, false, 1, 0, dx);
        return dx;
    }

    /** dW += dyᵀ·x, db += the sum of dy's rows. */
    private void linearGradient(Tensor x, Tensor dy, Parameters parameters, int weight) {
        Tensor dw = arrays.get(weight).of(parameters.gradient(), parameters.from());
        kernels.matrices().matmul(dy, true, x, false, 1, 1, dw);
        try (Tensor ones = ones(dy.shape()[0])) {
            Tensor db = arrays.get(weight + 1).of(parameters.gradient(), parameters.from());
            kernels.matrices().matmul(ones, true, dy, false, 1, 1, db);
        }
    }

    private Tensor ones(long rows) {
        Tensor ones = kernels.memory().allocateSingle(rows, 1);
        kernels.pointwise().fill(ones, 1);
        return ones;
    }

    // ---- loss

    /** The gradient [M,C] of {@code weight} times the mean loss. */
    private Tensor loss(Tensor outputs, Targets targets, double weight, Tensor losses) {
        double ofEach = weight / outputs.shape()[0];
        if (targets instanceof Targets.Numbers numbers) {
            return kernels.losses().squaredError(outputs, numbers.numbers(), ofEach, losses);
        }
        if (targets instanceof Targets.LabelSets sets) {
            return kernels.losses().binaryCrossEntropy(outputs, wanted(sets, (int) outputs.shape()[1]), ofEach, losses);
        }
        int[] classes =
                targets instanceof Targets.TokenClasses tokens ? tokens.known() : ((Targets.Classes) targets).classes();
        Tensor gradient = kernels.losses().crossEntropy(outputs, classes, loss.labelSmoothing(), ofEach, losses);
        if (!loss.classWeights().isEmpty()) {
            weigh(gradient, losses, classes);
        }
        return gradient;
    }

    /** Of each label [M,C] 1 or 0; with label smoothing as much nearer to ½. */
    private float[] wanted(Targets.LabelSets sets, int labels) {
        float[] wanted = new float[sets.count() * labels];
        float absent = (float) (loss.labelSmoothing() / 2);
        for (int i = 0; i < wanted.length; i++) {
            wanted[i] = sets.has(i / labels, i % labels) ? 1 - absent : absent;
        }
        return wanted;
    }

    /** Multiplies gradient [M,C] and loss [M] of each target by the weight of its class. */
    private void weigh(Tensor gradient, Tensor losses, int... classes) {
        int columns = (int) gradient.shape()[1];
        float[] ofRows = new float[classes.length];
        float[] ofElements = new float[classes.length * columns];
        for (int row = 0; row < ofRows.length; row++) {
            ofRows[row] = loss.classWeights().get(classes[row]).floatValue();
            Arrays.fill(ofElements, row * columns, (row + 1) * columns, ofRows[row]);
        }
        kernels.pointwise().scaleColumns(gradient, ofElements, 1);
        kernels.pointwise().scaleColumns(losses.matrix(0, ofRows.length, 1), ofRows, 1);
    }
}
