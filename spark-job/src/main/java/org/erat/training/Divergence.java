package org.erat.training;

import java.io.Serializable;
import java.util.Comparator;

/**
 * A number that is not finite: not a number, or infinite. All shards of a round report their own, so that which one is
 * called the first depends on nothing but the data: the lowest step, then the lowest shard.
 *
 * @param step local step of the run, from 0
 * @param shard number of the shard
 * @param round of the run, from 0
 * @param what which number, and the block where it appeared first; blocks are numbered from 0 as in an adapter's keys
 */
public record Divergence(int step, int shard, int round, String what) implements Serializable {
    /** The first first. */
    static final Comparator<Divergence> ORDER =
            Comparator.comparingInt(Divergence::step).thenComparingInt(Divergence::shard);
}
