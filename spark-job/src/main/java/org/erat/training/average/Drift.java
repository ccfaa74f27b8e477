package org.erat.training.average;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.erat.adapter.AdapterLayout;

/**
 * How far averaging A and B apart is from averaging their product: ‖mean(BA) − B̄Ā‖ / ‖mean(BA)‖ over all slots, Frobenius
 * norms, with the weights of {@link SliceAverage} in every mean. BA is a sum over rows i of bᵢ·aᵢ, so mean(BA) is
 * Σᵢ Σ_k w_ki·b_ki·a_ki. The products are never formed: ‖Σ_p c_p·b_p·a_p‖² = Σ_pq c_p·c_q·(b_p·b_q)(a_p·a_q), which needs
 * two Gram matrices of the rows only. Their size is quadratic in the shards: {@link MeanProduct} is for many. {@link
 * MeanOfProducts} knows what its cut leaves out from its singular values.
 */
public final class Drift {
    private Drift() {}

    /**
     * The drift of a round.
     *
     * @param shards flat parameters of each shard after its local steps
     * @param weights of the shards for a row of a slot; they sum to 1
     * @param average flat parameters of the average
     */
    static double of(AdapterLayout layout, List<float[]> shards, RowWeights weights, float[] average) {
        return layout.slots().parallelStream().map(slot -> squares(slot, shards, weights, average)).toList().stream()
                .reduce(Squares.NONE, Squares::plus)
                .ratio();
    }

    private static Squares squares(AdapterLayout.Slot slot, List<float[]> shards, RowWeights weights, float[] average) {
        int rank = slot.rank();
        double[] mean = new double[(shards.size() + 1) * rank];
        for (int row = 0; row < rank; row++) {
            double[] ofRow = weights.of(slot.index(), row);
            for (int k = 0; k < shards.size(); k++) {
                mean[k * rank + row] = ofRow[k];
            }
        }
        double[] difference = mean.clone();
        Arrays.fill(difference, shards.size() * rank, difference.length, -1);
        double[][] a = gram(shards, average, (int) slot.rowOfA(0), rank, slot.in());
        double[][] b = gram(shards, average, (int) slot.rowOfB(0), rank, slot.out());
        return new Squares(quadratic(a, b, difference), quadratic(a, b, mean));
    }

    /**
     * Squared norms of some slots.
     *
     * @param difference ‖mean(BA) − BA‖² with the averaged B and A
     * @param mean ‖mean(BA)‖²
     */
    record Squares(double difference, double mean) implements Serializable {
        static final Squares NONE = new Squares(0, 0);

        Squares plus(Squares other) {
            return new Squares(difference + other.difference, mean + other.mean);
        }

        /** The drift. The squares can be a rounding error below 0 where the two sides are equal. */
        double ratio() {
            return mean <= 0 ? 0 : Math.sqrt(Math.max(0, difference) / mean);
        }
    }

    /** Weights by shard of a row of a slot. */
    @FunctionalInterface
    interface RowWeights {
        double[] of(int slot, int row);
    }

    /** Inner products of the rows of all shards and of the average, column by column: sums that the compiler vectorizes. */
    private static double[][] gram(List<float[]> shards, float[] average, int offset, int rank, int width) {
        int rows = (shards.size() + 1) * rank;
        double[][] gram = new double[rows][rows];
        double[] column = new double[rows];
        for (int i = 0; i < width; i++) {
            for (int p = 0; p < rows; p++) {
                int k = p / rank;
                float[] values = k < shards.size() ? shards.get(k) : average;
                column[p] = values[offset + p % rank * width + i];
            }
            for (int p = 0; p < rows; p++) {
                double ofP = column[p];
                double[] products = gram[p];
                for (int q = 0; q < rows; q++) {
                    products[q] += ofP * column[q];
                }
            }
        }
        return gram;
    }

    private static double quadratic(double[][] a, double[][] b, double[] c) {
        double sum = 0;
        for (int p = 0; p < c.length; p++) {
            for (int q = 0; q < c.length; q++) {
                sum += c[p] * c[q] * a[p][q] * b[p][q];
            }
        }
        return sum;
    }
}
