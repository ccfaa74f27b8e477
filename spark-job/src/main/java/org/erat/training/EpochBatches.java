package org.erat.training;

import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.network.BatchArrays;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * The mini-batches of an epoch: partition k holds those of shard k, bucketed by length, in an order that follows from
 * (seed, epoch, shard) alone.
 *
 * @param batchSize B
 * @param seed of the data order
 * @param padTokenId what padding is filled with
 * @param outputs classes, or 1 for a regression
 */
public record EpochBatches(int batchSize, long seed, int padTokenId, int outputs, boolean regression)
        implements java.io.Serializable {

    /** Mini-batches of one epoch, made as they are read. */
    public JavaRDD<MultiDataSet> of(JavaRDD<PackedExamples> shards, int epoch) {
        return shards.zipPartitions(
                orders(shards, epoch), (examples, order) -> new Batches(examples.next(), order.next()));
    }

    /** Sorted once for all rounds of the epoch. Spark drops it when nothing refers to the epoch's mini-batches any more. */
    private JavaRDD<int[][]> orders(JavaRDD<PackedExamples> shards, int epoch) {
        return shards.mapPartitionsWithIndex(
                        (index, examples) -> List.<int[][]>of(
                                        LengthBuckets.batches(examples.next(), batchSize, seed, epoch, index))
                                .iterator(),
                        true)
                .setName("order of epoch " + (epoch + 1))
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private final class Batches implements SkippingIterator<MultiDataSet> {
        private final PackedExamples shard;
        private final int[][] batches;
        private int next;

        Batches(PackedExamples shard, int[][] batches) {
            this.shard = shard;
            this.batches = batches;
        }

        @Override
        public boolean hasNext() {
            return next < batches.length;
        }

        @Override
        public MultiDataSet next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return BatchArrays.of(PaddedBatch.of(shard, batches[next++], padTokenId), outputs, regression);
        }

        @Override
        public void skip(int count) {
            next = Math.min(batches.length, next + count);
        }
    }
}
