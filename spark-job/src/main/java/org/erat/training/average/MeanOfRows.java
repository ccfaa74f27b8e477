package org.erat.training.average;

import javax.annotation.Nullable;

/**
 * The mean of rows: A and B are averaged, each by itself.
 *
 * @param number of the slice
 * @param product measures the drift; null for none
 */
record MeanOfRows(int number, SliceAverage rows, @Nullable MeanProduct product) implements SliceMean {
    @Override
    public void add(int shard, float[] values) {
        rows.add(shard, values);
        if (product != null) {
            product.add(shard, values);
        }
    }

    @Override
    public AveragedSlice result() {
        float[] values = rows.values();
        Drift.Squares drift = product == null ? Drift.Squares.NONE : product.against(values);
        return new AveragedSlice(number, rows.moved(), values, drift);
    }
}
