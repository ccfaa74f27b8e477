package org.erat.training.average;

import java.util.Arrays;
import javax.annotation.Nullable;
import org.erat.training.Slice;

/**
 * The coverage-weighted average of a slice, Σ_k (n_k / Σ_j n_j)·v_k by row, summed in double precision in the order in
 * which shards are added. A row that nobody trained has no average.
 */
public final class SliceAverage {
    private final Slice slice;
    private final int[][] coverage;
    /** By row, weights by shard that sum to 1; null where nobody trained the row. */
    private final double[][] weights;

    private final double[][] sums;

    /** @param coverage [shard][row], see {@link Slice#coverage} */
    SliceAverage(Slice slice, int[][] coverage) {
        this.slice = slice;
        this.coverage = coverage;
        this.weights = new double[slice.rows()][];
        this.sums = new double[slice.rows()][];
        for (int row = 0; row < slice.rows(); row++) {
            weights[row] = normalised(coverage, row);
            sums[row] = weights[row] == null ? null : new double[slice.rowLength()];
        }
    }

    @Nullable
    private static double[] normalised(int[][] coverage, int row) {
        double sum = 0;
        for (int[] ofShard : coverage) {
            sum += ofShard[row];
        }
        if (sum == 0) {
            return null;
        }
        double[] weights = new double[coverage.length];
        for (int k = 0; k < weights.length; k++) {
            weights[k] = coverage[k][row] / sum;
        }
        return weights;
    }

    /** Weights by shard of a row; where nobody trained it all shards hold the same values, and any weights do. */
    static double[] weights(int[][] coverage, int row) {
        double[] weights = normalised(coverage, row);
        if (weights == null) {
            weights = new double[coverage.length];
            Arrays.fill(weights, 1.0 / weights.length);
        }
        return weights;
    }

    /** By row, whether some shard trained it. */
    boolean[] moved() {
        boolean[] moved = new boolean[weights.length];
        for (int row = 0; row < moved.length; row++) {
            moved[row] = moved(row);
        }
        return moved;
    }

    /** The average of a row that some shard trained, once all shards are added. */
    double[] average(int row) {
        return sums[row];
    }

    /** Values of a row with its state. */
    int rowLength() {
        return slice.rowLength();
    }

    /** Whether some shard trained the row. */
    boolean moved(int row) {
        return weights[row] != null;
    }

    /** Whether a shard trained the row. */
    boolean moved(int shard, int row) {
        return coverage[shard][row] > 0;
    }

    /** Weight of a shard in the average of a row that some shard trained. */
    double weight(int shard, int row) {
        return weights[row][shard];
    }

    /**
     * Adds the rows of a shard that the shard trained.
     *
     * @param values of those rows, one after the other
     */
    void add(int shard, float[] values) {
        int at = 0;
        for (int row = 0; row < sums.length; row++) {
            if (moved(shard, row)) {
                double weight = weights[row][shard];
                double[] sum = sums[row];
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += weight * values[at + i];
                }
                at += sum.length;
            }
        }
    }

    /** The average of the rows that moved, one after the other. */
    float[] values() {
        int length = 0;
        for (double[] sum : sums) {
            length += sum == null ? 0 : sum.length;
        }
        float[] values = new float[length];
        int at = 0;
        for (double[] sum : sums) {
            for (int i = 0; sum != null && i < sum.length; i++) {
                values[at++] = (float) sum[i];
            }
        }
        return values;
    }
}
