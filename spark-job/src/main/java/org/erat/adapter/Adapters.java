package org.erat.adapter;

import java.util.function.BiConsumer;
import java.util.function.Function;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Projection;

/**
 * All adapters as one pass uses them.
 *
 * @param values [n] laid out as {@code layout} says, in the dtype of activations; outlives the pass
 * @param rows which rows of each slot take part
 * @param dropout of the input of each slot
 * @param inner is shown the inner activations A·x [N,w] of each slot; null for nobody
 */
public record Adapters(
        AdapterLayout layout,
        Tensor values,
        RowsBySlot rows,
        Function<AdapterLayout.Slot, LowRankAdapter.Dropout> dropout,
        @Nullable BiConsumer<AdapterLayout.Slot, Tensor> inner) {
    /** Adapters whose inner activations nobody sees. */
    public Adapters(
            AdapterLayout layout,
            Tensor values,
            RowsBySlot rows,
            Function<AdapterLayout.Slot, LowRankAdapter.Dropout> dropout) {
        this(layout, values, rows, dropout, null);
    }

    /** Adapters without dropout: for inference. */
    public static Adapters of(AdapterLayout layout, Tensor values, RowsBySlot rows) {
        return new Adapters(layout, values, rows, slot -> LowRankAdapter.Dropout.NONE);
    }

    /** Adapters of which no row takes part: the base model alone. */
    public static Adapters none(AdapterLayout layout, Tensor values) {
        return of(layout, values, slot -> null);
    }

    /** The same adapters, whose inner activations are shown to {@code observer}. */
    public Adapters shownTo(BiConsumer<AdapterLayout.Slot, Tensor> observer) {
        return new Adapters(layout, values, rows, dropout, observer);
    }

    /**
     * The adapter of a projection.
     *
     * @param tokens T, rows of an example
     * @return null where the projection carries none, or none of its rows takes part
     */
    @Nullable
    public LowRankAdapter on(Kernels kernels, int block, Projection projection, int tokens) {
        if (!layout.projections().contains(projection)) {
            return null;
        }
        AdapterLayout.Slot slot = layout.slot(block, projection);
        RowSelection selection = rows.of(slot);
        if (selection == null) {
            return null;
        }
        Window window = selection.window();
        return new LowRankAdapter(
                kernels,
                selection,
                values.matrix(slot.rowOfA(window.start()), window.width(), slot.in()),
                values.matrix(slot.rowOfB(window.start()), window.width(), slot.out()),
                dropout.apply(slot),
                tokens,
                inner == null ? null : u -> inner.accept(slot, u));
    }

    /**
     * The part of a gradient that the rows of one adapter that learn add to.
     *
     * @param gradient [n or more] in single precision, laid out as the values are
     * @param freezeA whether A has no gradient
     */
    public LowRankAdapter.Gradient gradient(int block, Projection projection, Tensor gradient, boolean freezeA) {
        AdapterLayout.Slot slot = layout.slot(block, projection);
        Window learned = rows.of(slot).learned();
        return new LowRankAdapter.Gradient(
                freezeA ? null : gradient.matrix(slot.rowOfA(learned.start()), learned.width(), slot.in()),
                gradient.matrix(slot.rowOfB(learned.start()), learned.width(), slot.out()));
    }
}
