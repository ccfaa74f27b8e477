package org.erat.adapter;

import org.erat.compute.Tensor;

/**
 * The rows of all adapters, or their gradients, within one tensor.
 *
 * @param values [n], laid out as {@code layout} says
 */
public record AdapterRows(AdapterLayout layout, Tensor values) {
    /** Rows [from, to) of A, [to − from, in], without a copy. */
    public Tensor ofA(AdapterLayout.Slot slot, int from, int to) {
        return values.matrix(slot.rowOfA(from), (long) to - from, slot.in());
    }

    /** Rows [from, to) of Bᵀ, [to − from, out], without a copy. */
    public Tensor ofB(AdapterLayout.Slot slot, int from, int to) {
        return values.matrix(slot.rowOfB(from), (long) to - from, slot.out());
    }
}
