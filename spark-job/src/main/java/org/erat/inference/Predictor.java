package org.erat.inference;

import java.nio.FloatBuffer;
import java.util.IdentityHashMap;
import java.util.List;
import javax.annotation.Nullable;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.config.ComputeSettings;
import org.erat.data.tokenized.Batch;
import org.erat.export.TrainedAdapter;
import org.erat.head.Head;
import org.erat.head.HeadSpec;
import org.erat.head.LossSettings;
import org.erat.model.ModelRuntime;
import org.erat.prefix.PassInputs;

/**
 * A trained adapter in use, at several selections of its rows. What no adapter changes runs once for all of them. Confined
 * to one thread.
 */
public final class Predictor implements AutoCloseable {
    private final ModelRuntime runtime;
    private final Kernels kernels;
    private final Head head;
    private final PassInputs inputs;
    private final IdentityHashMap<TrainedAdapter, Tensor> adapters = new IdentityHashMap<>();

    /** Null for a head without parameters. */
    @Nullable
    private final Tensor headValues;

    private final List<Adapters> selections;

    /**
     * Loads what the adapter runs on.
     *
     * @param modelUri directory of the base model
     * @param selections one adapter at several selections, in one order of its rows or in several; at least one
     * @throws org.erat.data.BadInputException if the base model there is not the adapter's
     */
    public Predictor(String modelUri, ComputeSettings compute, List<Selection> selections) {
        TrainedAdapter adapter = selections.get(0).adapter();
        int length = Math.toIntExact(adapter.layout().length());
        runtime = ModelRuntime.acquire(modelUri, adapter.base().sha256(), adapter.architecture(), compute);
        kernels = runtime.kernels();
        head = Head.of(adapter.head(), LossSettings.PLAIN, runtime);
        inputs = PassInputs.of(adapter.head(), runtime);
        FloatBuffer parameters = FloatBuffer.wrap(adapter.parameters());
        int ofHead = parameters.capacity() - length;
        headValues = ofHead == 0 ? null : kernels.memory().uploadSingle(parameters.slice(length, ofHead), ofHead);
        this.selections = selections.stream().map(this::adapters).toList();
    }

    private Adapters adapters(Selection selection) {
        return selection.adapters(adapters.computeIfAbsent(selection.adapter(), key -> selection.upload(kernels)));
    }

    /** Takes the outputs of a mini-batch at one selection. */
    @FunctionalInterface
    public interface Outputs {
        /**
         * Takes them.
         *
         * @param selection its index
         * @param outputs [M,C] row-major logits or numbers: of each example, or of each token that is asked about, of which there may be none
         */
        void accept(int selection, float[] outputs);
    }

    /** Runs a mini-batch at all selections, one after the other. */
    public void run(Batch plain, Outputs sink) {
        Batch batch = inputs.evaluation(plain);
        runtime.transformer()
                .infer(batch, selections, (selection, hidden) -> sink.accept(selection, outputs(batch, hidden)));
    }

    /** Takes the losses of a mini-batch at one selection. */
    @FunctionalInterface
    public interface Losses {
        /**
         * Takes them.
         *
         * @param selection its index
         * @param losses [M] of each target
         */
        void accept(int selection, float[] losses);
    }

    /** Runs a mini-batch whose targets are known at all selections, one after the other. */
    public void losses(Batch plain, Losses sink) {
        Batch batch = inputs.evaluation(plain);
        runtime.transformer()
                .infer(batch, selections, (selection, hidden) -> sink.accept(selection, losses(batch, hidden)));
    }

    /** Takes the inner activations of an adapter in one pass. */
    @FunctionalInterface
    public interface Inner {
        /**
         * Takes them.
         *
         * @param inner A·x [B·T,w] row-major, of the tokens of the pass
         * @param lengths [B] tokens of each example of the pass
         */
        void accept(AdapterLayout.Slot slot, float[] inner, int... lengths);
    }

    /** Runs a mini-batch at the first selection and shows the inner activations of its adapters. */
    public void showInner(Batch plain, Inner observer) {
        Batch batch = inputs.evaluation(plain);
        Adapters shown = selections.get(0).shownTo((slot, inner) -> {
            long[] shape = inner.shape();
            float[] values = new float[Math.toIntExact(shape[0] * shape[1])];
            kernels.memory().download(inner, FloatBuffer.wrap(values));
            observer.accept(slot, values, batch.lengths());
        });
        runtime.transformer().infer(batch, List.of(shown), (selection, hidden) -> {});
    }

    private float[] outputs(Batch batch, Tensor hidden) {
        if (readsNothing(batch)) {
            return new float[0];
        }
        try (Tensor states = head.read(hidden, batch);
                Tensor outputs = head.outputs(states, headParameters())) {
            long[] shape = outputs.shape();
            return download(outputs, Math.toIntExact(shape[0] * shape[1]));
        }
    }

    private float[] losses(Batch batch, Tensor hidden) {
        if (readsNothing(batch)) {
            return new float[0];
        }
        int targets = batch.targets().count();
        try (Tensor states = head.read(hidden, batch);
                Tensor losses = kernels.memory().allocateSingle(targets)) {
            head.loss(states, batch.targets(), headParameters(), losses);
            return download(losses, targets);
        }
    }

    private boolean readsNothing(Batch batch) {
        return head.spec().readout() == HeadSpec.Readout.TARGET_TOKENS
                && batch.targets().tokens().length == 0;
    }

    private Head.Parameters headParameters() {
        return new Head.Parameters(headValues, null, 0);
    }

    private float[] download(Tensor tensor, int length) {
        float[] values = new float[length];
        kernels.memory().download(tensor, FloatBuffer.wrap(values));
        return values;
    }

    @Override
    public void close() {
        adapters.values().forEach(Tensor::close);
        if (headValues != null) {
            headValues.close();
        }
        runtime.close();
    }
}
