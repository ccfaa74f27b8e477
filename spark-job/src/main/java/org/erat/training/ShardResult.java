package org.erat.training;

import java.util.List;
import org.deeplearning4j.spark.api.TrainingResult;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;

/**
 * What a shard returns from a round: the rows that were active and the head, as they stand after its local steps, with
 * their optimizer state. Values travel and not differences, so that the average over one shard is that shard's, bit for
 * bit.
 *
 * @param shard number of the shard
 * @param steps local steps made
 * @param examples examples seen, c_k
 * @param tokens tokens seen, without padding
 * @param paddedTokens padding
 * @param lossSum sum over the examples
 * @param windowRows rows in the windows of all blocks and steps together
 * @param rowSteps n[block][row]: steps in which each row was active
 * @param values slice by slice, the rows that this shard trained
 * @param nanos time of the local steps
 */
public record ShardResult(
        int shard,
        int steps,
        long examples,
        long tokens,
        long paddedTokens,
        double lossSum,
        long windowRows,
        int[][] rowSteps,
        float[] values,
        long nanos)
        implements TrainingResult, java.io.Serializable {

    @Override
    public void setStats(SparkTrainingStats stats) {
        // Times are in the metrics of the round.
    }

    /** Bytes of its numbers. */
    long bytes() {
        return 4L * values.length + 4L * rowSteps.length * rowSteps[0].length + 52;
    }

    /** Receives what a shard sends of one slice. */
    @FunctionalInterface
    interface Piece {
        /**
         * Takes it.
         *
         * @param slice number of the slice
         * @param coverage weight of this shard by row, before it is normalised
         * @param from index of the first of its {@code length} values
         */
        void accept(int slice, int[] coverage, int from, int length);
    }

    /** Passes over the slices in order. */
    void forEachPiece(List<Slice> slices, Piece action) {
        int from = 0;
        for (int s = 0; s < slices.size(); s++) {
            int[] coverage = slices.get(s).coverage(rowSteps, examples);
            int length = slices.get(s).length(coverage);
            action.accept(s, coverage, from, length);
            from += length;
        }
    }
}
