package org.erat.training.average;

import org.apache.spark.Partitioner;

/**
 * Keys of the pieces that shards send: slice, then coverage before values, then shard. Partition s is that of slice s,
 * and sorted keys are the order in which its sum is formed.
 */
public final class PieceOrder extends Partitioner {
    private static final long serialVersionUID = 1L;
    private static final long VALUES = 1L << 32;
    private static final int SLICE = 33;

    private final int slices;

    PieceOrder(int slices) {
        this.slices = slices;
    }

    static long coverage(int slice, int shard) {
        return (long) slice << SLICE | shard;
    }

    static long values(int slice, int shard) {
        return coverage(slice, shard) | VALUES;
    }

    static int shard(long key) {
        return (int) key;
    }

    @Override
    public int numPartitions() {
        return slices;
    }

    @Override
    public int getPartition(Object key) {
        return (int) ((long) key >> SLICE);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PieceOrder that && that.slices == slices;
    }

    @Override
    public int hashCode() {
        return slices;
    }
}
