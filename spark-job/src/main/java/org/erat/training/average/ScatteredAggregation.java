package org.erat.training.average;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.erat.training.Encoding;
import org.erat.training.RoundState;
import org.erat.training.RoundTotals;
import org.erat.training.ShardResult;
import org.erat.training.SharedValues;
import org.erat.training.Slice;
import scala.Tuple2;

/**
 * For many shards: a tree of two levels. Every slice has a task of its own that sums what all shards sent of it, in their
 * order; the driver puts the averaged slices together. It holds one set of values whatever the number of shards, and no
 * node receives more than its slices. A shuffle carries the pieces, so a lost executor costs the work of its own shards.
 *
 * <p>Pieces of a slice are sorted: the coverage of every shard, from which the weights follow, then the values of every
 * shard. The partition after the slices is that of the totals.
 */
public record ScatteredAggregation(Broadcast<Parts> parts) implements Aggregation {
    @Override
    public Job start(JavaRDD<ShardResult> results, Broadcast<RoundState> round) {
        Broadcast<Parts> what = parts;
        int shards = results.getNumPartitions();
        int slices = what.value().slices().size();
        JavaRDD<Object> averages = results.flatMapToPair(
                        result -> pieces(result, what.value().encoding()).iterator())
                .repartitionAndSortWithinPartitions(new PieceOrder(slices + 1))
                .mapPartitionsWithIndex(
                        (slice, sorted) -> List.<Object>of(
                                        slice < slices
                                                ? average(slice, sorted, shards, what.value(), round.value())
                                                : totals(sorted))
                                .iterator(),
                        false);
        SharedValues shared = round.value().values(what.value().encoding());
        return Job.of(averages.collectAsync(), ofSlices -> together(shared, ofSlices, what.value()));
    }

    /** What a shard sends to each slice, and its totals. */
    private static List<Tuple2<Long, Object>> pieces(ShardResult result, Encoding encoding) {
        List<Tuple2<Long, Object>> pieces = new ArrayList<>();
        int shard = result.shard();
        result.forEachPiece(encoding, (slice, coverage, from, length) -> {
            pieces.add(new Tuple2<>(PieceOrder.coverage(slice, shard), coverage));
            if (length > 0) {
                byte[] values = Arrays.copyOfRange(result.values(), from, from + length);
                pieces.add(new Tuple2<>(PieceOrder.values(slice, shard), values));
            }
        });
        pieces.add(new Tuple2<>(PieceOrder.values(encoding.slices().size(), shard), RoundTotals.of(result)));
        return pieces;
    }

    private static RoundTotals totals(Iterator<Tuple2<Long, Object>> sorted) {
        RoundTotals totals = RoundTotals.NONE;
        while (sorted.hasNext()) {
            totals = totals.plus((RoundTotals) sorted.next()._2());
        }
        return totals;
    }

    private static AveragedSlice average(
            int number, Iterator<Tuple2<Long, Object>> sorted, int shards, Parts parts, RoundState round) {
        int[][] coverage = new int[shards][];
        for (int k = 0; k < shards; k++) {
            coverage[k] = (int[]) sorted.next()._2();
        }
        Encoding encoding = parts.encoding();
        SharedValues shared = round.values(encoding);
        Slice slice = parts.slices().get(number);
        SliceMean mean = SliceMean.of(parts, number, coverage, shared, true);
        while (sorted.hasNext()) {
            Tuple2<Long, Object> piece = sorted.next();
            int shard = PieceOrder.shard(piece._1());
            mean.add(shard, encoding.decode(slice, coverage[shard], (byte[]) piece._2(), 0, shared));
        }
        return mean.result();
    }

    private static RoundAverage together(SharedValues shared, List<Object> ofSlices, Parts parts) {
        SharedValues average = shared.copy();
        boolean[] moved = new boolean[shared.parameters().length];
        int slices = parts.slices().size();
        Drift.Squares drift = Drift.Squares.NONE;
        for (int s = 0; s < slices; s++) {
            AveragedSlice averaged = (AveragedSlice) ofSlices.get(s);
            averaged.copyTo(average, moved, parts.slices());
            drift = drift.plus(averaged.drift());
        }
        return new RoundAverage(average, moved, (RoundTotals) ofSlices.get(slices), drift::ratio);
    }
}
