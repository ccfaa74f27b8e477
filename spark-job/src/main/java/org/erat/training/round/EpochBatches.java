package org.erat.training.round;

import java.io.Serializable;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.head.HeadSpec;
import org.erat.prefix.PassInputs;

/**
 * The mini-batches of an epoch: partition k holds those of shard k, bucketed by their lengths in a pass, in an order that follows from
 * (seed, epoch, shard) alone.
 *
 * @param batchSize B
 * @param seed of the data order
 * @param padTokenId what padding is filled with
 * @param head whose passes read them
 */
public record EpochBatches(int batchSize, long seed, int padTokenId, HeadSpec head) implements Serializable {

    /** Mini-batches of one epoch, made as they are read. */
    public JavaRDD<Batch> of(JavaRDD<PackedExamples> shards, int epoch) {
        return shards.zipPartitions(
                orders(shards, epoch), (examples, order) -> new Batches(examples.next(), order.next()));
    }

    /** Sorted once for all rounds of the epoch. Spark drops it when nothing refers to the epoch's mini-batches any more. */
    private JavaRDD<int[][]> orders(JavaRDD<PackedExamples> shards, int epoch) {
        return shards.mapPartitionsWithIndex(
                        (index, examples) -> List.<int[][]>of(LengthBuckets.batches(
                                        PassInputs.lengths(head, examples.next()), batchSize, seed, epoch, index))
                                .iterator(),
                        true)
                .setName("order of epoch " + (epoch + 1))
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private final class Batches implements SkippingIterator<Batch> {
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
        public Batch next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return Batch.of(shard, batches[next++], padTokenId);
        }

        @Override
        public void skip(int count) {
            next = Math.min(batches.length, next + count);
        }
    }
}
