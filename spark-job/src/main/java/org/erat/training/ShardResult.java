package org.erat.training;

import java.util.Arrays;
import java.util.List;
import javax.annotation.Nullable;
import org.deeplearning4j.spark.api.TrainingResult;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;

/**
 * What a shard returns from a round: the rows that were active and the head, as they stand after its local steps, with
 * their optimizer state. Unless they are rounded on their way, values travel and not differences, so that the average over
 * one shard is that shard's, bit for bit.
 *
 * @param shard number of the shard
 * @param steps local steps made
 * @param examples examples seen
 * @param targets targets seen, c_k: examples, or tokens of a token-level task
 * @param tokens tokens seen, without padding
 * @param paddedTokens padding
 * @param lossSum sum over the targets
 * @param activeRows rows that learned, over all slots and steps
 * @param rowWeights n[slot][row]: weight of the steps in which each row was active, see {@link
 *     org.erat.learner.LearnerSpec#stepWeight}
 * @param values slice by slice, the rows that this shard trained, see {@link Encoding}
 * @param nanos time of the local steps
 * @param divergence the first number of the round that is not finite, or null; where there is one the shard has no values
 */
public record ShardResult(
        int shard,
        int steps,
        long examples,
        long targets,
        long tokens,
        long paddedTokens,
        double lossSum,
        long activeRows,
        int[][] rowWeights,
        byte[] values,
        long nanos,
        @Nullable Divergence divergence)
        implements TrainingResult, java.io.Serializable {

    public static ShardResult diverged(int shard, Divergence divergence) {
        return new ShardResult(shard, 0, 0, 0, 0, 0, 0, 0, new int[0][], new byte[0], 0, divergence);
    }

    @Override
    public void setStats(SparkTrainingStats stats) {
        // Times are in the metrics of the round.
    }

    /** Bytes of its numbers. */
    long bytes() {
        return values.length
                + 4L * Arrays.stream(rowWeights).mapToInt(rows -> rows.length).sum()
                + 60;
    }

    /** Receives what a shard sends of one slice. */
    @FunctionalInterface
    public interface Piece {
        /**
         * Takes it.
         *
         * @param slice number of the slice
         * @param coverage weight of this shard by row, before it is normalised
         * @param from index of the first of its {@code length} bytes
         */
        void accept(int slice, int[] coverage, int from, int length);
    }

    /** Passes over the slices in order. */
    public void forEachPiece(Encoding encoding, Piece action) {
        List<Slice> slices = encoding.slices();
        int from = 0;
        for (int s = 0; s < slices.size(); s++) {
            Slice slice = slices.get(s);
            int[] coverage = divergence == null ? slice.coverage(rowWeights, targets) : new int[slice.rows()];
            int length = encoding.length(slice, coverage);
            action.accept(s, coverage, from, length);
            from += length;
        }
    }
}
