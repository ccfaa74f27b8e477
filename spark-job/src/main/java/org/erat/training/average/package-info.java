/**
 * The coverage-weighted average of the shards' results, in shard order, on the driver or slice by slice on the executors;
 * and how far averaging A and B apart is from averaging their product. Start at {@link
 * org.erat.training.average.Aggregation}. May use {@code training} and what that may use.
 */
package org.erat.training.average;
