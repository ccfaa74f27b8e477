/**
 * The coverage-weighted average of the shards' results, in shard order, on the driver or slice by slice on the executors;
 * by rows or by products; and how far the average is from the mean of the products. Start at {@link
 * org.erat.training.average.Aggregation}. May use {@code training} and what that may use.
 */
package org.erat.training.average;
