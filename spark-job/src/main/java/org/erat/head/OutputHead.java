package org.erat.head;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.TaskHead;
import org.erat.data.tokenized.Targets;

/**
 * Classes or a number of a whole example, or classes of single tokens, by the layers of a {@link TaskHead} on the states
 * that were read: y = norm(f(dropout(x)·Wᵀ + b)) one after the other, where there are norms, the last one without f. All of it is in single precision.
 */
final class OutputHead extends Head {
    private final LossSettings loss;
    private final Kernels kernels;
    private final List<Layer> layers;
    private final List<TrainedNorm> norms;

    OutputHead(HeadSpec spec, LossSettings loss, Kernels kernels) {
        super(spec, kernels);
        this.loss = loss;
        this.kernels = kernels;
        this.layers = layers(spec);
        this.norms = spec.layers().norms().stream()
                .map(norm -> new TrainedNorm(norm, spec.layout().arrays(), kernels))
                .toList();
    }

    @Override
    public Tensor outputs(Tensor states, Parameters parameters) {
        try (Pass pass = new Pass(states, parameters, 0, 0, 0)) {
            return pass.takeOutputs();
        }
    }

    @Override
    public void loss(Tensor states, Targets targets, Parameters parameters, Tensor losses) {
        try (Tensor outputs = outputs(states, parameters)) {
            loss(outputs, targets, 1, losses);
        }
    }

    @Override
    public Tensor lossGradient(
            Tensor states,
            Targets targets,
            double weight,
            long dropout,
            long first,
            Parameters parameters,
            Tensor losses) {
        try (Pass pass = new Pass(states, parameters, spec().dropout(), dropout, first)) {
            Tensor outputs = pass.takeOutputs();
            loss(outputs, targets, weight, losses);
            return pass.backward(outputs);
        }
    }

    // ---- layers

    /**
     * A layer with its parameters.
     *
     * @param weight W [out,in]
     * @param bias b [out], or none
     */
    private record Layer(TaskHead.Linear linear, HeadLayout.Array weight, List<HeadLayout.Array> bias) {}

    private static List<Layer> layers(HeadSpec spec) {
        List<HeadLayout.Array> arrays = spec.layout().arrays();
        return spec.layers().layers().stream()
                .map(linear -> new Layer(
                        linear,
                        named(ModelTensors.weight(linear.name()), arrays).get(0),
                        named(ModelTensors.bias(linear.name()), arrays)))
                .toList();
    }

    private static List<HeadLayout.Array> named(String name, List<HeadLayout.Array> arrays) {
        return arrays.stream().filter(array -> array.name().equals(name)).toList();
    }

    /** A forward pass, which keeps what its backward pass reads. Its dropout has a rate and a key. */
    private final class Pass implements AutoCloseable {
        private final Parameters parameters;
        private final double rate;
        private final long dropout;
        private final long first;

        /** What each layer multiplied by its weights, [M,H]: the states, or something of the pass's own. */
        private final List<Tensor> inputs = new ArrayList<>();

        /** y = x·Wᵀ + b of each layer, before its activation. */
        private final List<Tensor> sums = new ArrayList<>();

        private final List<TrainedNorm.State> normed = new ArrayList<>();
        private final Deque<Tensor> owned = new ArrayDeque<>();

        Pass(Tensor states, Parameters parameters, double rate, long dropout, long first) {
            this.parameters = parameters;
            this.rate = rate;
            this.dropout = dropout;
            this.first = first;
            Tensor x = states;
            for (int i = 0; i < layers.size(); i++) {
                if (i > 0) {
                    x = normalized(
                            i - 1,
                            own(kernels.pointwise()
                                    .activation(spec().layers().activations().get(i - 1), sums.get(i - 1))));
                }
                x = drops(i) ? own(kernels.pointwise().dropout(x, rate, key(i), first * x.shape()[1])) : x;
                inputs.add(x);
                sums.add(own(linear(x, layers.get(i), parameters)));
            }
        }

        /** What an activation gave, with its norm where there is one. */
        private Tensor normalized(int layer, Tensor x) {
            if (norms.isEmpty()) {
                return x;
            }
            TrainedNorm.State state = norms.get(layer).normalize(x);
            normed.add(state);
            return own(norms.get(layer).forward(state, parameters));
        }

        private Tensor own(Tensor tensor) {
            owned.push(tensor);
            return tensor;
        }

        private boolean drops(int layer) {
            return rate > 0 && layers.get(layer).linear().dropped();
        }

        /** Two layers drop different values. */
        private long key(int layer) {
            return layer % 2 == 0 ? dropout : ~dropout;
        }

        /** [M,C], which the caller closes. */
        Tensor takeOutputs() {
            return owned.pop();
        }

        /**
         * Adds the gradients of the parameters.
         *
         * @param dOutputs [M,C], closed
         * @return [M,H], the gradient of the states
         */
        Tensor backward(Tensor dOutputs) {
            Tensor dSum = dOutputs;
            for (int i = layers.size() - 1; ; i--) {
                linearGradient(inputs.get(i), dSum, layers.get(i), parameters);
                Tensor dInput = replaced(dSum, linearBackward(dSum, layers.get(i), parameters));
                if (drops(i)) {
                    dInput = replaced(
                            dInput, kernels.pointwise().dropout(dInput, rate, key(i), first * dInput.shape()[1]));
                }
                if (i == 0) {
                    return dInput;
                }
                if (!norms.isEmpty()) {
                    dInput = replaced(dInput, norms.get(i - 1).backward(dInput, normed.get(i - 1), parameters));
                }
                dSum = replaced(
                        dInput,
                        kernels.pointwise()
                                .activationBackward(
                                        spec().layers().activations().get(i - 1), dInput, sums.get(i - 1)));
            }
        }

        private static Tensor replaced(Tensor before, Tensor after) {
            before.close();
            return after;
        }

        @Override
        public void close() {
            normed.forEach(TrainedNorm.State::close);
            owned.forEach(Tensor::close);
        }
    }

    /** y = x·Wᵀ + b. */
    private Tensor linear(Tensor x, Layer layer, Parameters parameters) {
        Tensor w = layer.weight().of(parameters.values(), parameters.from());
        Tensor y = kernels.memory().allocateSingle(x.shape()[0], w.shape()[0]);
        for (HeadLayout.Array bias : layer.bias()) {
            try (Tensor ones = ones(x.shape()[0])) {
                Tensor b = bias.of(parameters.values(), parameters.from());
                kernels.matrices().matmul(ones, false, b, false, 1, 0, y);
            }
        }
        kernels.matrices().matmul(x, false, w, true, 1, layer.bias().size(), y);
        return y;
    }

    /** dx = dy·W. */
    private Tensor linearBackward(Tensor dy, Layer layer, Parameters parameters) {
        Tensor w = layer.weight().of(parameters.values(), parameters.from());
        Tensor dx = kernels.memory().allocateSingle(dy.shape()[0], w.shape()[1]);
        kernels.matrices().matmul(dy, false, w, false, 1, 0, dx);
        return dx;
    }

    /** dW += dyᵀ·x, db += the sum of dy's rows. */
    private void linearGradient(Tensor x, Tensor dy, Layer layer, Parameters parameters) {
        Tensor dw = layer.weight().of(parameters.gradient(), parameters.from());
        kernels.matrices().matmul(dy, true, x, false, 1, 1, dw);
        for (HeadLayout.Array bias : layer.bias()) {
            try (Tensor ones = ones(dy.shape()[0])) {
                Tensor db = bias.of(parameters.gradient(), parameters.from());
                kernels.matrices().matmul(ones, true, dy, false, 1, 1, db);
            }
        }
    }

    private Tensor ones(long rows) {
        Tensor ones = kernels.memory().allocateSingle(rows, 1);
        kernels.pointwise().fill(ones, 1);
        return ones;
    }

    // ---- loss

    /** Puts the gradient of {@code weight} times the mean loss in the place of the outputs [M,C]. */
    private void loss(Tensor outputs, Targets targets, double weight, Tensor losses) {
        double ofEach = weight / outputs.shape()[0];
        if (targets instanceof Targets.Numbers numbers) {
            kernels.losses().squaredError(outputs, numbers.numbers(), ofEach, losses);
        } else if (targets instanceof Targets.LabelSets sets) {
            kernels.losses().binaryCrossEntropy(outputs, wanted(sets, (int) outputs.shape()[1]), ofEach, losses);
        } else {
            int[] classes = targets instanceof Targets.TokenClasses tokens
                    ? tokens.known()
                    : ((Targets.Classes) targets).classes();
            kernels.losses().crossEntropy(outputs, classes, loss.labelSmoothing(), ofEach, losses);
            if (!loss.classWeights().isEmpty()) {
                weigh(outputs, losses, classes);
            }
        }
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
