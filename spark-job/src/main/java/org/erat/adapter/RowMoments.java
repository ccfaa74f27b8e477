package org.erat.adapter;

import java.io.Serializable;

/**
 * Second moments E[u·uᵀ] of the inner activations u = A·x of every adapter over some tokens: how much its rows are used, and
 * together with which others.
 *
 * @param bySlot [slots][R][R]
 */
public record RowMoments(double[][][] bySlot) implements Serializable {
    /** Sums u·uᵀ over tokens. Confined to one thread; sums of parts are added in a fixed order for the same bits. */
    public static final class Sums implements Serializable {
        private static final long serialVersionUID = 1L;

        private final double[][][] bySlot;
        private long tokens;

        public Sums(AdapterLayout layout) {
            this.bySlot = new double[layout.slots().size()][layout.rank()][layout.rank()];
        }

        /**
         * Adds the tokens of a mini-batch, its padding left out.
         *
         * @param slot index of the adapter
         * @param inner [B·T,R] row-major
         * @param lengths [B]
         */
        public void add(int slot, float[] inner, int... lengths) {
            double[][] sums = bySlot[slot];
            int rank = sums.length;
            int longest = inner.length / rank / lengths.length;
            for (int b = 0; b < lengths.length; b++) {
                for (int t = 0; t < lengths[b]; t++) {
                    int from = (b * longest + t) * rank;
                    for (int i = 0; i < rank; i++) {
                        for (int j = 0; j <= i; j++) {
                            sums[i][j] += (double) inner[from + i] * inner[from + j];
                        }
                    }
                }
                tokens += slot == 0 ? lengths[b] : 0;
            }
        }

        /** Adds all that another has summed. */
        public void add(Sums other) {
            for (int slot = 0; slot < bySlot.length; slot++) {
                for (int i = 0; i < bySlot[slot].length; i++) {
                    for (int j = 0; j <= i; j++) {
                        bySlot[slot][i][j] += other.bySlot[slot][i][j];
                    }
                }
            }
            tokens += other.tokens;
        }

        /** The means over all tokens, of which there is at least one. */
        public RowMoments moments() {
            double[][][] moments = new double[bySlot.length][][];
            for (int slot = 0; slot < bySlot.length; slot++) {
                int rank = bySlot[slot].length;
                moments[slot] = new double[rank][rank];
                for (int i = 0; i < rank; i++) {
                    for (int j = 0; j <= i; j++) {
                        moments[slot][i][j] = bySlot[slot][i][j] / tokens;
                        moments[slot][j][i] = moments[slot][i][j];
                    }
                }
            }
            return new RowMoments(moments);
        }
    }
}
