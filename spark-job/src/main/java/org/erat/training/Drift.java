package org.erat.training;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.erat.adapter.AdapterLayout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How far averaging A and B apart is from averaging their product: ‖mean(BA) − B̄Ā‖ / ‖mean(BA)‖ over all slots, Frobenius
 * norms, with the weights of {@link Averaging} in every mean. BA is a sum over rows i of bᵢ·aᵢ, so mean(BA) is
 * Σᵢ Σ_k w_ki·b_ki·a_ki. The products are never formed: ‖Σ_p c_p·b_p·a_p‖² = Σ_pq c_p·c_q·(b_p·b_q)(a_p·a_q), which needs
 * two Gram matrices of the rows only. Their size is quadratic in the shards: {@link MeanProduct} is for many.
 */
final class Drift {
    private Drift() {}

    /**
     * The drift of a round.
     *
     * @param shards flat parameters of each shard after its local steps
     * @param weights of the shards for a row of a block; they sum to 1
     * @param average flat parameters of the average
     */
    static double of(AdapterLayout layout, List<float[]> shards, RowWeights weights, float[] average) {
        int rank = layout.rank();
        Squares squares = Squares.NONE;
        for (AdapterLayout.Slot slot : layout.slots()) {
            double[] mean = new double[(shards.size() + 1) * rank];
            for (int row = 0; row < rank; row++) {
                double[] ofRow = weights.of(slot.block(), row);
                for (int k = 0; k < shards.size(); k++) {
                    mean[k * rank + row] = ofRow[k];
                }
            }
            double[] difference = mean.clone();
            Arrays.fill(difference, shards.size() * rank, difference.length, -1);
            double[][] inner = gram(shards, average, slot.rowOfA(0), rank, slot.in())
                    .muli(gram(shards, average, slot.rowOfB(0), rank, slot.out()))
                    .toDoubleMatrix();
            squares = squares.plus(new Squares(quadratic(inner, difference), quadratic(inner, mean)));
        }
        return squares.ratio();
    }

    /**
     * Squared norms of some slots.
     *
     * @param difference ‖mean(BA) − B̄Ā‖²
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

    /** Weights by shard of a row of a block. */
    @FunctionalInterface
    interface RowWeights {
        double[] of(int block, int row);
    }

    private static INDArray gram(List<float[]> shards, float[] average, long offset, int rank, int width) {
        int length = rank * width;
        float[] stacked = new float[(shards.size() + 1) * length];
        for (int k = 0; k < shards.size(); k++) {
            System.arraycopy(shards.get(k), (int) offset, stacked, k * length, length);
        }
        System.arraycopy(average, (int) offset, stacked, shards.size() * length, length);
        INDArray rows = Nd4j.createFromArray(stacked)
                .reshape('c', (long) rank * (shards.size() + 1), width)
                .castTo(DataType.DOUBLE);
        return rows.mmul(rows.transpose());
    }

    private static double quadratic(double[][] inner, double[] c) {
        double sum = 0;
        for (int p = 0; p < c.length; p++) {
            for (int q = 0; q < c.length; q++) {
                sum += c[p] * c[q] * inner[p][q];
            }
        }
        return sum;
    }
}
