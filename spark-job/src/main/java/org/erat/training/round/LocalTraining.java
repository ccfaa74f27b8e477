package org.erat.training.round;

import java.io.Serializable;
import java.util.Iterator;
import org.erat.training.RoundState;
import org.erat.training.ShardResult;

/**
 * What a shard does in a round. The result follows from the arguments alone, so that a task may run anywhere and any
 * number of times.
 *
 * @param <B> mini-batch
 */
@FunctionalInterface
public interface LocalTraining<B> extends Serializable {
    /**
     * Makes the round's local steps.
     *
     * @param shard number of the shard
     * @param batches of the epoch
     */
    ShardResult run(int shard, RoundState round, Iterator<B> batches);
}
