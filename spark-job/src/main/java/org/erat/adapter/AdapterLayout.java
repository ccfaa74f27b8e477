package org.erat.adapter;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.erat.data.basemodel.ModelConfig;

/**
 * Where each low-rank matrix lies in the flat parameter vector. Slots follow one another block by block and, inside a
 * block, in the order of {@link Target}. A slot holds A as R rows of {@code in} values, then Bᵀ as R rows of {@code out}
 * values, so row i of A and row i of Bᵀ (column i of B) are each contiguous, and so are the rows of a window.
 */
public final class AdapterLayout implements Serializable {
    /**
     * One adapted projection.
     *
     * @param offset index of its first value in the flat vector
     */
    public record Slot(int block, Target target, int in, int out, int rank, long offset) implements Serializable {
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
            return (long) rank * (in + out);
        }

        /** Path of the adapted projection as Hugging Face names it, without a model prefix. */
        public String module() {
            return "encoder.layer." + block + "." + target.module();
        }
    }

    private final int rank;
    private final int blocks;
    private final List<Target> targets;
    private final List<Slot> slots;

    public AdapterLayout(ModelConfig model, int rank, Set<Target> targets) {
        this.rank = rank;
        this.blocks = model.numHiddenLayers();
        this.targets = List.copyOf(new TreeSet<>(targets));
        this.slots = new ArrayList<>();
        long offset = 0;
        for (int block = 0; block < blocks; block++) {
            for (Target target : this.targets) {
                int in = target == Target.OUTPUT ? model.intermediateSize() : model.hiddenSize();
                int out = target == Target.INTERMEDIATE ? model.intermediateSize() : model.hiddenSize();
                Slot slot = new Slot(block, target, in, out, rank, offset);
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

    /** All slots, in the order of the flat vector. */
    public List<Slot> slots() {
        return List.copyOf(slots);
    }

    /** The slot of a projection. */
    public Slot slot(int block, Target target) {
        return slots.get(block * targets.size() + targets.indexOf(target));
    }

    /** Values of the adapters in the flat vector; those of the task head follow them. */
    public long length() {
        Slot last = slots.get(slots.size() - 1);
        return last.offset() + last.length();
    }
}
