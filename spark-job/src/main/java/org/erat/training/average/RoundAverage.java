package org.erat.training.average;

import java.util.function.DoubleSupplier;
import org.erat.training.RoundTotals;
import org.erat.training.SharedValues;

/**
 * What the shards of a round came to.
 *
 * @param values the average; what nobody trained is as it was
 * @param moved by parameter, whether some shard trained it
 * @param totals of the shards
 * @param drift works out ‖mean(BA) − B̄Ā‖ / ‖mean(BA)‖, which no later round needs to wait for
 */
public record RoundAverage(SharedValues values, boolean[] moved, RoundTotals totals, DoubleSupplier drift) {}
