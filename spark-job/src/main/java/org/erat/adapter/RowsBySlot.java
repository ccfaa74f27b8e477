package org.erat.adapter;

/** Selects rows for each slot of a layout. */
@FunctionalInterface
public interface RowsBySlot {
    RowSelection of(AdapterLayout.Slot slot);

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
