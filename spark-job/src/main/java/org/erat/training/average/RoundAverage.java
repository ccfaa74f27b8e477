package org.erat.training.average;

import java.util.function.DoubleSupplier;
import org.erat.training.RoundTotals;
import org.erat.training.SharedValues;

/**
 * What the shards of a round came to.
 *
 * @param values the average; what nobody trained is as it was
 * @param moved by parameter, whether it has an average: a row that some shard trained, or with the mean of products any row beside it
 * @param totals of the shards
 * @param drift works out ‖mean(BA) − BA‖ / ‖mean(BA)‖ with the averaged B and A, which no later round needs to wait for
 */
public record RoundAverage(SharedValues values, boolean[] moved, RoundTotals totals, DoubleSupplier drift) {}
