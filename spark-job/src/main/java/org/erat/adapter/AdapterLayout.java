package org.erat.adapter;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Projection;

/**
 * The offset of each low-rank matrix in the flat parameter vector. Slots follow one another block by block and, inside a
 * block, in the order of {@link Projection}. A slot holds A as R rows of {@code in} values, then Bᵀ as R rows of {@code
 * out} values. So row i of A and row i of Bᵀ (column i of B) are each contiguous, and so are the rows of a window.
 */
public final class AdapterLayout implements Serializable {
    private static final long serialVersionUID = 1L;

    /**
     * One adapted projection.
     *
     * @param index its place among all slots
     * @param offset index of its first value in the flat vector
     */
    public record Slot(int index, int block, Projection projection, int in, int out, int rank, long offset)
            implements Serializable {
        /** Index of the first value of row {@code i} of A. */
        public long rowOfA(int i) {
            return offset + (long) i * in;
        }

        /** Index of the first value of row {@code i} of Bᵀ. */
        public long rowOfB(int i) {
            return offset + (long) rank * in + (long) i * out;
        }

        /** Values in A and B together. */
        public long length() {
            return rank * ((long) in + out);
        }
    }

    private final int rank;
    private final int blocks;
    private final List<Projection> projections;
    private final List<Slot> slots;

    /**
     * @param rank R, rows of every A and Bᵀ
     * @param projections that carry an adapter in every block, at least one
     */
    public AdapterLayout(Architecture architecture, int rank, Collection<Projection> projections) {
        this.rank = rank;
        this.blocks = architecture.blocks();
        this.projections = List.copyOf(new TreeSet<>(projections));
        this.slots = new ArrayList<>();
        long offset = 0;
        for (int block = 0; block < blocks; block++) {
            for (Projection projection : this.projections) {
                int in = architecture.in(projection);
                int out = architecture.out(projection);
                Slot slot = new Slot(slots.size(), block, projection, in, out, rank, offset);
                slots.add(slot);
                offset += slot.length();
            }
        }
    }

    /** R, the largest rank. */
    public int rank() {
        return rank;
    }

    /** L, the number of blocks. */
    public int blocks() {
        return blocks;
    }

    /** The projections of a block that carry an adapter, in the order of the forward pass. */
    public List<Projection> projections() {
        return projections;
    }

    /** All slots, in the order of the flat vector. */
    public List<Slot> slots() {
        return List.copyOf(slots);
    }

    /** The slot of a projection that carries an adapter. */
    public Slot slot(int block, Projection projection) {
        return slots.get(block * projections.size() + projections.indexOf(projection));
    }

    /** Values of all adapters. */
    public long length() {
        Slot last = slots.get(slots.size() - 1);
        return last.offset() + last.length();
    }
}
