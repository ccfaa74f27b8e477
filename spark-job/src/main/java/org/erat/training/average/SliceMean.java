package org.erat.training.average;

import org.erat.config.TrainingSettings.Averaging;
import org.erat.training.SharedValues;
import org.erat.training.Slice;

/** The mean of one slice over the shards of a round, fed in their order. */
interface SliceMean {
    /**
     * Adds the rows of a shard that the shard trained.
     *
     * @param values of those rows, one after the other
     */
    void add(int shard, float[] values);

    /** The mean over all shards that were added. Call it once, at the end. */
    AveragedSlice result();

    /**
     * The mean that a run averages a slice by.
     *
     * @param number of the slice
     * @param coverage [shard][row], see {@link Slice#coverage}
     * @param shared what the round started from
     * @param measuresDrift whether the mean of rows measures its drift; the mean of products always does
     */
    static SliceMean of(
            Aggregation.Parts parts, int number, int[][] coverage, SharedValues shared, boolean measuresDrift) {
        Slice slice = parts.slices().get(number);
        SliceAverage rows = new SliceAverage(slice, coverage);
        if (slice.slot() == Slice.HEAD) {
            return new MeanOfRows(number, rows, null);
        }
        var slot = parts.layout().adapters().slots().get(slice.slot());
        if (parts.averaging() == Averaging.PRODUCT) {
            return new MeanOfProducts(number, slice, slot, rows, shared);
        }
        return new MeanOfRows(number, rows, measuresDrift ? new MeanProduct(slot, rows, shared.parameters()) : null);
    }
}
