package org.erat.training.average;

import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.training.RoundState;
import org.erat.training.RoundTotals;
import org.erat.training.ShardResult;
import org.erat.training.SharedValues;
import org.erat.training.Slice;

/** For few shards: all results come to the driver in one stage, which is the quickest. */
public record GatheredAggregation(Parts parts) implements Aggregation {
    /** The driver holds the results of so many shards at once, and no more. */
    static final int MOST_SHARDS = 16;

    @Override
    public Job start(JavaRDD<ShardResult> results, Broadcast<RoundState> round) {
        SharedValues shared = round.value().values(parts.encoding());
        // Partitions come back in their own order, which is that of the shards.
        return Job.of(results.collectAsync(), ofShards -> average(shared, ofShards));
    }

    /**
     * The average of shards.
     *
     * @param results in shard order
     */
    RoundAverage average(SharedValues shared, List<ShardResult> results) {
        List<Slice> slices = parts.slices();
        int[][][] coverage = new int[slices.size()][results.size()][];
        int[][] from = new int[slices.size()][results.size()];
        RoundTotals totals = RoundTotals.NONE;
        for (int k = 0; k < results.size(); k++) {
            int shard = k;
            results.get(k).forEachPiece(parts.encoding(), (slice, ofShard, first, length) -> {
                coverage[slice][shard] = ofShard;
                from[slice][shard] = first;
            });
            totals = totals.plus(RoundTotals.of(results.get(k)));
        }
        SharedValues average = shared.copy();
        boolean[] moved = new boolean[shared.parameters().length];
        // Slices have no value in common.
        List<Drift.Squares> drift = IntStream.range(0, slices.size())
                .parallel()
                .mapToObj(s -> {
                    SliceMean mean = SliceMean.of(parts, s, coverage[s], shared, false);
                    for (int k = 0; k < results.size(); k++) {
                        byte[] sent = results.get(k).values();
                        float[] values =
                                parts.encoding().decode(slices.get(s), coverage[s][k], sent, from[s][k], shared);
                        mean.add(k, values);
                    }
                    AveragedSlice averaged = mean.result();
                    averaged.copyTo(average, moved, slices);
                    return averaged.drift();
                })
                .toList();
        // The drift of rows takes longer than their mean and can wait; that of products is known with their mean.
        DoubleSupplier ofRound = parts.averaging() == Averaging.ROWS
                ? () -> drift(shared, results, coverage, average)
                : () -> drift.stream()
                        .reduce(Drift.Squares.NONE, Drift.Squares::plus)
                        .ratio();
        return new RoundAverage(average, moved, totals, ofRound);
    }

    private double drift(SharedValues shared, List<ShardResult> results, int[][][] coverage, SharedValues average) {
        List<float[]> parameters = results.stream()
                .map(result -> shared.parametersOf(result, parts.encoding()))
                .toList();
        return Drift.of(
                parts.layout().adapters(),
                parameters,
                (slot, row) -> SliceAverage.weights(coverage[slot], row),
                average.parameters());
    }
}
