package org.erat.training;

import javax.annotation.Nullable;
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
 * @param values rows with n above 0 in order of block and row, each its parameters and then its optimizer state; then
 *     those of the head
 * @param nanos time of the local steps
 * @param divergence the first number of the round that is not finite, or null; where there is one the shard has no values
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
        long nanos,
        @Nullable Divergence divergence)
        implements TrainingResult, java.io.Serializable {

    static ShardResult diverged(int shard, Divergence divergence) {
        return new ShardResult(shard, 0, 0, 0, 0, 0, 0, new int[0][], new float[0], 0, divergence);
    }

    @Override
    public void setStats(SparkTrainingStats stats) {
        // Times are in the metrics of the round.
    }

    /** Bytes of its numbers. */
    long bytes() {
        return 4L * values.length + 4L * rowSteps.length * rowSteps[0].length + 52;
    }

    /** The shard's flat parameters after its local steps, given those that the round started from. */
    float[] parameters(GraphLayout layout, float[] shared, boolean withState) {
        float[] parameters = shared.clone();
        int[] read = {0};
        GraphLayout.Range copy = (from, to) -> {
            System.arraycopy(values, read[0], parameters, from, to - from);
            read[0] += to - from;
        };
        GraphLayout.Range pass = (from, to) -> read[0] += withState ? to - from : 0;
        for (int block = 0; block < rowSteps.length; block++) {
            for (int row = 0; row < rowSteps[block].length; row++) {
                if (rowSteps[block][row] > 0) {
                    layout.rowParameters(block, row, copy);
                    layout.rowState(block, row, pass);
                }
            }
        }
        if (examples > 0) {
            layout.headParameters(copy);
        }
        return parameters;
    }
}
