package org.erat.training.average;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.erat.training.SharedValues;
import org.erat.training.Slice;

/**
 * The average of a slice.
 *
 * @param slice its number
 * @param moved by row, whether some shard trained it
 * @param values of the rows that moved
 * @param drift its share of the drift; none for the head
 */
public record AveragedSlice(int slice, boolean[] moved, float[] values, Drift.Squares drift) implements Serializable {
    static AveragedSlice of(int number, SliceAverage average, float[] values, Drift.Squares drift) {
        boolean[] moved = new boolean[average.rows()];
        for (int row = 0; row < moved.length; row++) {
            moved[row] = average.moved(row);
        }
        return new AveragedSlice(number, moved, values, drift);
    }

    /** Puts the rows that moved where they belong. */
    void copyTo(SharedValues shared, boolean[] movedParameters, List<Slice> slices) {
        int[] at = {0};
        for (int row = 0; row < moved.length; row++) {
            if (moved[row]) {
                slices.get(slice).forEachRun(row, (from, to) -> {
                    shared.copyIn(from, values, at[0], to - from);
                    at[0] += to - from;
                    if (from < movedParameters.length) {
                        Arrays.fill(movedParameters, from, to, true);
                    }
                });
            }
        }
    }
}
