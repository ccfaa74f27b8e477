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
 * @param moved by row, whether it has an average
 * @param values of the rows that moved
 * @param drift its share of the drift; none for the head
 */
public record AveragedSlice(int slice, boolean[] moved, float[] values, Drift.Squares drift) implements Serializable {
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
