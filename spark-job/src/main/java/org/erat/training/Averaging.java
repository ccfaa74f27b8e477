package org.erat.training;

import java.util.Arrays;
import java.util.List;

/**
 * The coverage-weighted average of a round. Row i of block l is the average of the shards that trained it, weighted by
 * the steps in which it was active; the head by examples. A row that nobody trained keeps its values and its optimizer
 * state. Sums run in the order of the shards, so that arrival order changes nothing.
 */
final class Averaging {
    private final GraphLayout layout;

    Averaging(GraphLayout layout) {
        this.layout = layout;
    }

    /**
     * Averages of parameters and optimizer state.
     *
     * @param results in shard order
     */
    RoundAverage average(float[] parameters, float[] optimizer, List<ShardResult> results) {
        RoundAverage average = new RoundAverage(parameters.clone(), optimizer.clone(), new boolean[parameters.length]);
        int[] read = new int[results.size()];
        for (int block = 0; block < layout.adapters().blocks(); block++) {
            for (int row = 0; row < layout.adapters().rank(); row++) {
                averageRow(block, row, results, read, average);
            }
        }
        averageHead(results, read, average);
        return average;
    }

    /**
     * The average of a round.
     *
     * @param parameters flat parameters
     * @param optimizer optimizer state
     * @param moved whether some shard trained the value; the others are as they were
     */
    record RoundAverage(float[] parameters, float[] optimizer, boolean[] moved) {
        private void markMoved(int from, int to) {
            Arrays.fill(moved, from, to, true);
        }
    }

    private void averageRow(int block, int row, List<ShardResult> results, int[] read, RoundAverage average) {
        double[] weights = coverage(block, row, results);
        if (normalise(weights)) {
            layout.rowParameters(block, row, into(average.parameters(), weights, results, read));
            layout.rowParameters(block, row, average::markMoved);
            layout.rowState(block, row, stateInto(average.optimizer(), weights, results, read));
        }
    }

    /** Weights by shard of a row; where nobody trained it all shards hold the same values, and any weights do. */
    static double[] weights(int block, int row, List<ShardResult> results) {
        double[] weights = coverage(block, row, results);
        if (!normalise(weights)) {
            Arrays.fill(weights, 1.0 / weights.length);
        }
        return weights;
    }

    private static double[] coverage(int block, int row, List<ShardResult> results) {
        return results.stream()
                .mapToDouble(result -> result.rowSteps()[block][row])
                .toArray();
    }

    private void averageHead(List<ShardResult> results, int[] read, RoundAverage average) {
        double[] weights = new double[results.size()];
        for (int k = 0; k < weights.length; k++) {
            weights[k] = results.get(k).examples();
        }
        if (normalise(weights)) {
            layout.headParameters(into(average.parameters(), weights, results, read));
            layout.headParameters(average::markMoved);
            layout.headState(stateInto(average.optimizer(), weights, results, read));
        }
    }

    private static boolean normalise(double[] weights) {
        double sum = 0;
        for (double weight : weights) {
            sum += weight;
        }
        if (sum == 0) {
            return false;
        }
        for (int k = 0; k < weights.length; k++) {
            weights[k] /= sum;
        }
        return true;
    }

    /** Where state is not kept between rounds there is none to average: the shards' own is passed over. */
    private static GraphLayout.Range stateInto(
            float[] target, double[] weights, List<ShardResult> results, int[] read) {
        return target.length == 0 ? (from, to) -> {} : into(target, weights, results, read);
    }

    private static GraphLayout.Range into(float[] target, double[] weights, List<ShardResult> results, int[] read) {
        return (from, to) -> {
            double[] sum = new double[to - from];
            for (int k = 0; k < weights.length; k++) {
                if (weights[k] > 0) {
                    float[] values = results.get(k).values();
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] += weights[k] * values[read[k] + i];
                    }
                    read[k] += sum.length;
                }
            }
            for (int i = 0; i < sum.length; i++) {
                target[from + i] = (float) sum[i];
            }
        };
    }
}
