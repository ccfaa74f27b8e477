/**
 * Distributed training: what a round starts from, what a shard returns of it, and the parts that are averaged on their own.
 * {@code round} has the loop of rounds and {@code average} the average in shard order; neither knows what a mini-batch is.
 * Start at {@code round.RoundLoop}. May use {@code learner}, {@code prefix}, {@code head}, {@code adapter}, {@code
 * monitoring}, {@code config} and data-prep.
 */
package org.erat.training;
