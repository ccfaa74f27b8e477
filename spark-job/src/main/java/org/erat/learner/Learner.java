package org.erat.learner;

import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.util.List;
import org.erat.adapter.Adapters;
import org.erat.compute.AdamW;
import org.erat.compute.HostValues;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.Update;
import org.erat.data.tokenized.Batch;
import org.erat.head.Head;
import org.erat.learner.ParameterLayout.Group;
import org.erat.method.StepPlan;
import org.erat.model.ModelRuntime;
import org.erat.model.Transformer;
import org.erat.prefix.PassInputs;

/**
 * Local training steps by AdamW whose parameters, gradients and optimizer state stay where the model computes. Of each step
 * token ids, targets and a table of the rows to update go there, and a summary of four values comes back, which is the one
 * wait of a step. A batch may be worked in parts of some examples, whose gradients add up to the gradient of the whole
 * batch's mean loss: a step then takes the memory of one part. Confined to one thread.
 */
public final class Learner implements AutoCloseable {
    private final LearnerSpec spec;
    private final ParameterLayout layout;
    private final AdaptedTransformer adapted;
    private final Kernels kernels;
    private final Transformer transformer;
    private final Head head;
    private final PassInputs inputs;
    private final double[] adapterCounts;
    private final double[] headCounts;
    private final double[] summaryValues = new double[Update.SUMMARY];
    private final Tensor parameters;
    private final Tensor gradient;
    private final Tensor state;
    private final Tensor adapters;
    private final Tensor summary;

    /**
     * Uploads parameters and state.
     *
     * @param spec whose optimizer keeps moments
     * @param adapted whose rows the steps mark
     * @param runtime what the steps run on; the caller closes it
     * @param initial parameters, floats or doubles
     * @param initialState the optimizer's state
     */
    public Learner(
            LearnerSpec spec, AdaptedTransformer adapted, ModelRuntime runtime, Buffer initial, Buffer initialState) {
        this.spec = spec;
        this.layout = spec.layout();
        this.adapted = adapted;
        this.kernels = runtime.kernels();
        this.transformer = runtime.transformer();
        this.head = Head.of(spec.head(), spec.loss(), runtime);
        this.inputs = PassInputs.of(spec.head(), runtime);
        adapterCounts = counts(initialState, layout.adapterGroup());
        headCounts = counts(initialState, layout.headGroup());
        parameters = kernels.memory().uploadSingle(initial, layout.parameters());
        state = kernels.memory().uploadSingle(initialState, layout.stateLength());
        gradient = kernels.memory().allocateSingle(layout.parameters());
        adapters = kernels.memory().allocate(1, layout.adapterGroup().length());
        summary = kernels.memory().allocateSingle(Update.SUMMARY);
    }

    private static double[] counts(Buffer state, Group group) {
        double[] counts = new double[group.counts()];
        HostValues values = HostValues.of(state, 0);
        for (int i = 0; i < counts.length; i++) {
            counts[i] = values.get(group.stateFrom() + 2L * group.length() + i);
        }
        return counts;
    }

    /**
     * Makes a step.
     *
     * @param plain its examples
     * @param step local step of the run, from 0
     * @param shard number of the shard
     * @return mean loss over the targets, before the step
     * @throws NotFiniteException if it gave a value that is not finite
     */
    public double step(Batch plain, long step, int shard) {
        Batch batch = inputs.training(plain, spec.noise(step, shard));
        AdaptedTransformer.Step begun = adapted.begin(step, shard, batch.size());
        kernels.pointwise().assign(row(parameters, layout.adapterGroup().length()), adapters);
        kernels.pointwise().fill(gradient, 0);
        try (Tensor losses = kernels.memory().allocateSingle(batch.targets().count())) {
            for (StepPlan.Selection selection : begun.plan().selections()) {
                addGradientsByPart(batch, begun, selection, losses);
            }
            kernels.update().clip(losses, gradient, spec.optimizer().clipNorm(), summary);
        }
        double loss = update(spec.learningRate().at(step));
        adapted.countStep(batch);
        return loss;
    }

    private void addGradientsByPart(
            Batch batch, AdaptedTransformer.Step step, StepPlan.Selection selection, Tensor losses) {
        int examples = batch.size();
        int ofPart = spec.microBatchSize() == 0 ? examples : spec.microBatchSize();
        int targets = batch.targets().count();
        int done = 0;
        for (int from = 0; from < examples; from += ofPart) {
            int to = Math.min(examples, from + ofPart);
            Batch part = batch.part(from, to);
            int targetsOfPart = part.targets().count();
            if (targetsOfPart == 0) {
                continue;
            }
            // The mean is one over all targets of the batch.
            double weight = selection.weight() * targetsOfPart / targets;
            Adapters ofRows = adapted.adapters(
                    step, selection.rows().part(from, to, examples), adapters, (long) from * batch.tokens());
            if (targetsOfPart == targets) {
                addGradients(part, step, ofRows, weight, done, losses);
            } else {
                try (Tensor lossesOfPart = kernels.memory().allocateSingle(targetsOfPart)) {
                    addGradients(part, step, ofRows, weight, done, lossesOfPart);
                    kernels.pointwise().assign(row(lossesOfPart, targetsOfPart), losses.matrix(done, 1, targetsOfPart));
                }
            }
            done += targetsOfPart;
        }
    }

    /** @param first index of its first target in the whole batch */
    private void addGradients(
            Batch batch, AdaptedTransformer.Step step, Adapters ofRows, double weight, long first, Tensor losses) {
        Head.Parameters ofHead =
                new Head.Parameters(parameters, gradient, layout.headGroup().from());
        try (Transformer.Pass pass = transformer.forward(batch, ofRows);
                Tensor states = head.read(pass.hidden(), batch);
                Tensor dStates = head.lossGradient(
                        states,
                        batch.targets(),
                        weight,
                        spec.headDropout(step.step(), step.shard()),
                        first,
                        ofHead,
                        losses)) {
            adapted.backward(transformer, pass, head.readBackward(dStates, batch), gradient);
        }
    }

    private double update(double learningRate) {
        double[] nextOfAdapters = adapterCounts.clone();
        double[] nextOfHead = headCounts.clone();
        adamW(
                learningRate,
                layout.adapterGroup(),
                layout.adapterSegments(adapted.activity(), part -> ++nextOfAdapters[part]));
        adamW(learningRate, layout.headGroup(), layout.headSegments(part -> ++nextOfHead[part]));
        kernels.memory().download(summary, DoubleBuffer.wrap(summaryValues));
        double loss = summaryValues[Update.LOSS];
        if (summaryValues[Update.FINITE] == 0) {
            throw NotFiniteException.before(loss, summaryValues[Update.NORM]);
        }
        kernels.pointwise().subtract(row(gradient, layout.parameters()), row(parameters, layout.parameters()));
        System.arraycopy(nextOfAdapters, 0, adapterCounts, 0, nextOfAdapters.length);
        System.arraycopy(nextOfHead, 0, headCounts, 0, nextOfHead.length);
        if (summaryValues[Update.OVERFLOW] != 0) {
            throw NotFiniteException.after(loss);
        }
        return loss;
    }

    private void adamW(double learningRate, Group group, List<AdamW.Segment> segments) {
        if (segments.isEmpty()) {
            return;
        }
        kernels.update()
                .adamW(
                        spec.optimizer().rule(),
                        learningRate,
                        segments.stream()
                                .map(segment -> segment.moved(group.from(), group.stateFrom()))
                                .toList(),
                        parameters,
                        gradient,
                        state,
                        summary);
    }

    /** The first values of a vector as a matrix of one row. */
    private static Tensor row(Tensor vector, long length) {
        return vector.matrix(0, 1, length);
    }

    /** Copies the gradient of a step that was not finite to the host, to floats or doubles. */
    public void downloadGradient(Buffer into) {
        kernels.memory().download(gradient, into);
    }

    /** Copies parameters and optimizer state to the host, to floats or doubles. */
    public void download(Buffer intoParameters, Buffer intoState) {
        kernels.memory().download(parameters, intoParameters);
        kernels.memory().download(state, intoState);
        HostValues values = HostValues.of(intoState, 0);
        put(adapterCounts, layout.adapterGroup(), values);
        put(headCounts, layout.headGroup(), values);
    }

    private static void put(double[] counts, Group group, HostValues state) {
        for (int i = 0; i < counts.length; i++) {
            state.put(group.stateFrom() + 2L * group.length() + i, counts[i]);
        }
    }

    @Override
    public void close() {
        List.of(parameters, gradient, state, adapters, summary).forEach(Tensor::close);
    }
}
