package org.erat.adapter;

import javax.annotation.Nullable;

/** Selects rows for each slot of a layout. */
@FunctionalInterface
public interface RowsBySlot {
    /** The rows of a slot that take part; null for none. */
    @Nullable
    RowSelection of(AdapterLayout.Slot slot);

    /**
     * Those of the examples [from, to) of a batch.
     *
     * @param examples B of the batch
     */
    default RowsBySlot part(int from, int to, int examples) {
        return slot -> {
            RowSelection all = of(slot);
            return all == null ? null : all.part(from, to, examples);
        };
    }

    /** The same rows in every slot. */
    static RowsBySlot everywhere(RowSelection selection) {
        return slot -> selection;
    }

    /**
     * The same rows in all slots of a block.
     *
     * @param byBlock [L]
     */
    static RowsBySlot byBlock(RowSelection... byBlock) {
        return slot -> byBlock[slot.block()];
    }
}
