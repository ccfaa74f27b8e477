package org.erat.learner;

import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.LowRankAdapter.Dropout;
import org.erat.adapter.RowActivity;
import org.erat.adapter.RowsBySlot;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Batch;
import org.erat.method.AdapterMethod;
import org.erat.method.CounterRandom;
import org.erat.method.StepPlan;
import org.erat.model.Gradients;
import org.erat.model.Transformer;

/**
 * The training passes of a transformer with adapters: the rows that the method plans for a step, dropout, and which rows
 * have learned. Confined to one thread.
 */
public final class AdaptedTransformer {
    // Keys of dropout masks and of windows must differ.
    private static final long DROPOUT = 0x64726f706f757400L;

    private final LearnerSpec spec;
    private final AdapterLayout layout;
    private final AdapterMethod method;
    private final RowActivity activity;

    /** @param method what plans the steps */
    public AdaptedTransformer(LearnerSpec spec, AdapterMethod method) {
        this.spec = spec;
        this.layout = spec.adapterLayout();
        this.method = method;
        this.activity = new RowActivity(layout);
    }

    /** Which rows learn in the current step, and in how many steps each has learned. */
    public RowActivity activity() {
        return activity;
    }

    public AdapterLayout layout() {
        return layout;
    }

    /**
     * A training step.
     *
     * @param step local step of the run, from 0
     * @param shard number of the shard
     */
    public record Step(long step, int shard, StepPlan plan) {}

    /** Plans a step. */
    public Step plan(long step, int shard, int examples) {
        return new Step(step, shard, method.plan(step, shard, examples));
    }

    /** Plans a step and marks the rows that learn in it. */
    public Step begin(long step, int shard, int examples) {
        Step begun = plan(step, shard, examples);
        activity.beginStep();
        for (StepPlan.Selection selection : begun.plan().selections()) {
            layout.slots().forEach(slot -> activity.mark(slot, selection.rows().of(slot)));
        }
        return begun;
    }

    /** Counts the current step, which was made on {@code batch}, for the rows that learned in it. */
    public void countStep(Batch batch) {
        activity.countStep(spec.stepWeight(batch));
    }

    /**
     * The adapters in one pass of a step over its whole batch.
     *
     * @param values [n] in the dtype of activations
     */
    public Adapters adapters(Step step, RowsBySlot rows, Tensor values) {
        return adapters(step, rows, values, 0);
    }

    /**
     * The same over a part of the batch.
     *
     * @param rows those of the part
     * @param firstToken row of the batch's hidden states that is the first of the part's
     */
    public Adapters adapters(Step step, RowsBySlot rows, Tensor values, long firstToken) {
        double rate = spec.adapter().dropout();
        return new Adapters(
                layout,
                values,
                rows,
                slot -> rate == 0
                        ? Dropout.NONE
                        : new Dropout(
                                rate,
                                CounterRandom.key(spec.seed(), step.step(), slot.offset(), step.shard(), DROPOUT),
                                firstToken));
    }

    /**
     * The backward pass of one selection of a step.
     *
     * @param dHidden closed
     * @param gradient [n or more] in single precision, to which the adapters' gradients are added
     */
    public void backward(Transformer transformer, Transformer.Pass pass, Tensor dHidden, Tensor gradient) {
        transformer.backward(
                pass, dHidden, new Gradients(gradient, spec.adapter().freezeA()));
    }
}
