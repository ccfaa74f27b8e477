package org.erat.learner;

import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.erat.adapter.AdapterLayout;
import org.erat.compute.Kernels;
import org.erat.compute.Memory;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Batch;
import org.erat.head.Head;
import org.erat.method.AdapterMethod;
import org.erat.model.ModelRuntime;
import org.erat.model.Transformer;

/**
 * One training step of a learner as two functions of its parameters, with their gradients: the sum of fixed random weights
 * times the states that the head reads, and the loss. A step of several selections has the weighted sum of theirs.
 */
public final class LearnerProbe implements AutoCloseable {
    private final LearnerSpec spec;
    private final Batch batch;
    private final ModelRuntime runtime;
    private final Kernels kernels;
    private final AdaptedTransformer adapted;
    private final AdaptedTransformer.Step step;
    private final Head head;
    private final double[] parameters;
    private final double[] weights;

    /** The step that the method of the specification plans, at adapters of these values and a random head. */
    public LearnerProbe(LearnerSpec spec, double[] adapters, Batch batch, long step) {
        this(spec, spec.adapterMethod(), adapters, batch, step);
    }

    LearnerProbe(LearnerSpec spec, AdapterMethod method, double[] adapters, Batch batch, long step) {
        this.spec = spec;
        this.batch = batch;
        this.runtime = ModelRuntime.acquire(spec.modelUri(), spec.modelSha256(), spec.architecture(), spec.compute());
        this.kernels = runtime.kernels();
        this.adapted = new AdaptedTransformer(spec, method);
        this.step = adapted.begin(step, 0, batch.size());
        this.head = Head.of(spec.head(), spec.loss(), runtime);
        Random random = new Random(5);
        double bound = 1 / Math.sqrt(spec.head().width());
        DoubleStream ofHead = random.doubles(spec.layout().headGroup().length(), -bound, bound);
        this.parameters = DoubleStream.concat(Arrays.stream(adapters), ofHead).toArray();
        this.weights =
                random.doubles((long) rows() * spec.head().width(), -1, 1).toArray();
    }

    /** M, what the head reads. */
    private int rows() {
        return batch.targets().count();
    }

    /** Adapters, then head, in the order of the layout. They may be changed. */
    public double[] parameters() {
        return parameters;
    }

    // ---- the states that the head reads

    /** Those of each selection, [M,H]. */
    public double[][] states() {
        int selections = step.plan().selections().size();
        double[][] states = new double[selections][];
        try (Tensor values = adapters()) {
            for (int i = 0; i < selections; i++) {
                try (Transformer.Pass pass = forward(values, i);
                        Tensor read = head.read(pass.hidden(), batch)) {
                    states[i] = download(read);
                }
            }
        }
        return states;
    }

    /** The weighted sum of all states. */
    public double objective() {
        boolean[] all = new boolean[batch.size()];
        Arrays.fill(all, true);
        return objective(all);
    }

    /** The part of {@link #objective} that these examples contribute. */
    private double objective(boolean[] examples) {
        double[][] states = states();
        int width = spec.head().width();
        double sum = 0;
        for (int s = 0; s < states.length; s++) {
            double weight = step.plan().selections().get(s).weight();
            for (int i = 0; i < weights.length; i++) {
                sum += examples[example(i / width)] ? weight * weights[i] * states[s][i] : 0;
            }
        }
        return sum;
    }

    private int example(int row) {
        int[] tokens = batch.targets().tokens();
        return tokens.length == 0 ? row : tokens[row] / batch.tokens();
    }

    /** Gradient of {@link #objective} with respect to all adapters. */
    public double[] gradient() {
        int adapterValues = (int) spec.adapterLayout().length();
        try (Tensor values = adapters();
                Tensor gradient = zeros(adapterValues)) {
            for (int i = 0; i < step.plan().selections().size(); i++) {
                double weight = step.plan().selections().get(i).weight();
                double[] dStates =
                        Arrays.stream(weights).map(value -> weight * value).toArray();
                try (Transformer.Pass pass = forward(values, i);
                        Tensor d = upload(dStates, rows(), spec.head().width())) {
                    adapted.backward(runtime.transformer(), pass, head.readBackward(d, batch), gradient);
                }
            }
            return download(gradient);
        }
    }

    /**
     * (f(θ + h·d) − f(θ − h·d)) / 2h with f the part of the objective that {@code examples} contribute.
     *
     * @param direction d, of all adapters
     */
    double slope(double[] direction, double h, boolean[] examples) {
        double[] center = parameters.clone();
        displace(center, direction, h);
        double above = objective(examples);
        displace(center, direction, -h);
        double below = objective(examples);
        System.arraycopy(center, 0, parameters, 0, center.length);
        return (above - below) / (2 * h);
    }

    private void displace(double[] center, double[] direction, double h) {
        for (int i = 0; i < direction.length; i++) {
            parameters[i] = center[i] + h * direction[i];
        }
    }

    // ---- the loss

    /**
     * The step's loss.
     *
     * @param outputs [M,C] logits or numbers of the last selection
     * @param value weighted sum of the mean losses of the selections
     * @param gradient of the value with respect to all parameters
     */
    public record Loss(double[] outputs, double value, double[] gradient) {}

    /** Outputs, loss and its gradient. */
    public Loss loss() {
        int from = spec.layout().headGroup().from();
        double[] outputs = null;
        double value = 0;
        try (Tensor values = adapters();
                Tensor all = upload(parameters, parameters.length);
                Tensor gradient = zeros(parameters.length);
                Tensor losses = kernels.memory().allocateSingle(rows())) {
            Head.Parameters ofHead = new Head.Parameters(all, gradient, from);
            for (int i = 0; i < step.plan().selections().size(); i++) {
                double weight = step.plan().selections().get(i).weight();
                try (Transformer.Pass pass = forward(values, i);
                        Tensor states = head.read(pass.hidden(), batch);
                        Tensor ofStates = head.outputs(states, ofHead);
                        Tensor dStates = head.lossGradient(
                                states,
                                batch.targets(),
                                weight,
                                spec.headDropout(step.step(), step.shard()),
                                0,
                                ofHead,
                                losses)) {
                    adapted.backward(runtime.transformer(), pass, head.readBackward(dStates, batch), gradient);
                    outputs = download(ofStates);
                }
                value += weight * Arrays.stream(download(losses)).average().orElseThrow();
            }
            return new Loss(outputs, value, download(gradient));
        }
    }

    // ---- tensors

    private Transformer.Pass forward(Tensor values, int selection) {
        return runtime.transformer()
                .forward(
                        batch,
                        adapted.adapters(
                                step, step.plan().selections().get(selection).rows(), values));
    }

    /** The adapters in the dtype of activations. */
    private Tensor adapters() {
        AdapterLayout layout = spec.adapterLayout();
        Buffer values = DoubleBuffer.wrap(parameters, 0, (int) layout.length());
        return kernels.memory().upload(values, 1, layout.length());
    }

    private Tensor zeros(int length) {
        Tensor zeros = kernels.memory().allocateSingle(length);
        kernels.pointwise().fill(zeros, 0);
        return zeros;
    }

    private Tensor upload(double[] values, long... shape) {
        return kernels.memory().uploadSingle(DoubleBuffer.wrap(values), shape);
    }

    private double[] download(Tensor tensor) {
        Memory memory = kernels.memory();
        long size = Arrays.stream(tensor.shape()).reduce(1, Math::multiplyExact);
        DoubleBuffer values = DoubleBuffer.allocate((int) size);
        memory.download(tensor, values);
        return values.array();
    }

    /** Tensors that are not closed yet. */
    public long outstanding() {
        return kernels.memory().outstanding();
    }

    @Override
    public void close() {
        runtime.close();
    }
}
