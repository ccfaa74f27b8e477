/**
 * Rounds of local steps: broadcast the shared values, train each shard, average, take the outer step. Start at {@link
 * org.erat.training.round.RoundLoop}. May use {@code training}, {@code training.average} and what those may use.
 */
package org.erat.training.round;
