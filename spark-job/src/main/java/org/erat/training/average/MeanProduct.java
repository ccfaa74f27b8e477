package org.erat.training.average;

import java.util.Arrays;
import org.erat.adapter.AdapterLayout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * mean(BA) of one slot over any number of shards, as the matrix itself: Σ over shards and rows of w·b·aᵀ, in double
 * precision. Memory is that of the matrix, whatever the number of shards.
 */
public final class MeanProduct {
    /** Rows that are multiplied at once. */
    private static final int BATCH = 256;

    private final AdapterLayout.Slot slot;
    private final SliceAverage average;
    private final float[] shared;
    private final double[] as;
    private final double[] bs;
    private final INDArray sum;
    private int rows;

    /**
     * @param average the weights
     * @param shared flat parameters that the round started from
     */
    MeanProduct(AdapterLayout.Slot slot, SliceAverage average, float[] shared) {
        this.slot = slot;
        this.average = average;
        this.shared = shared;
        this.as = new double[BATCH * slot.in()];
        this.bs = new double[BATCH * slot.out()];
        this.sum = Nd4j.zeros(DataType.DOUBLE, slot.out(), slot.in());
        // What nobody trained is the same in all shards.
        for (int row = 0; row < slot.rank(); row++) {
            if (!average.moved(row)) {
                add(1, shared, (int) slot.rowOfA(row), (int) slot.rowOfB(row));
            }
        }
    }

    /**
     * Adds the rows of a shard that the shard trained.
     *
     * @param values of those rows, one after the other
     */
    void add(int shard, float[] values) {
        int at = 0;
        for (int row = 0; row < slot.rank(); row++) {
            if (average.moved(shard, row)) {
                add(average.weight(shard, row), values, at, at + slot.in());
                at += average.rowLength();
            }
        }
    }

    private void add(double weight, float[] values, int a, int b) {
        if (rows == BATCH) {
            multiply();
        }
        for (int i = 0; i < slot.in(); i++) {
            as[rows * slot.in() + i] = values[a + i];
        }
        for (int o = 0; o < slot.out(); o++) {
            bs[rows * slot.out() + o] = weight * values[b + o];
        }
        rows++;
    }

    private void multiply() {
        if (rows > 0) {
            sum.addi(stacked(bs, slot.out()).transpose().mmul(stacked(as, slot.in())));
            rows = 0;
        }
    }

    private INDArray stacked(double[] values, int width) {
        return Nd4j.createFromArray(Arrays.copyOf(values, rows * width)).reshape('c', rows, width);
    }

    /**
     * Squared norms of this mean and of its difference to the product of the averages. Ends the sum.
     *
     * @param averaged averages of the rows that moved, one after the other
     */
    Drift.Squares against(float[] averaged) {
        multiply();
        double mean = squared(sum);
        int at = 0;
        for (int row = 0; row < slot.rank(); row++) {
            if (average.moved(row)) {
                add(-1, averaged, at, at + slot.in());
                at += average.rowLength();
            } else {
                add(-1, shared, (int) slot.rowOfA(row), (int) slot.rowOfB(row));
            }
        }
        multiply();
        return new Drift.Squares(squared(sum), mean);
    }

    private static double squared(INDArray matrix) {
        double norm = matrix.norm2Number().doubleValue();
        return norm * norm;
    }
}
