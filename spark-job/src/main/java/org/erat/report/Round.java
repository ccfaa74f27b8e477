package org.erat.report;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A round as {@code metrics.jsonl} has it.
 *
 * @param number from 1
 * @param step local steps of the run after it
 * @param loss mean over its targets
 * @param learningRate at its last step
 * @param examples of all shards
 * @param tokens of all shards, without padding
 * @param paddedTokens of all shards
 * @param meanWidth mean number of active rows
 * @param drift aggregation error
 * @param bytesDown to each worker
 * @param bytesUp from all workers
 * @param seconds of the whole round
 * @param overheadSeconds of it beyond the slowest shard's local steps
 * @param measured after it; empty where nothing was
 */
record Round(
        int number,
        long step,
        double loss,
        double learningRate,
        long examples,
        long tokens,
        long paddedTokens,
        double meanWidth,
        double drift,
        double bytesDown,
        double bytesUp,
        double seconds,
        double overheadSeconds,
        Optional<Measured> measured) {
    /**
     * What was measured after a round.
     *
     * @param metric name of it
     * @param byRank its values
     * @param mean over the ranks
     * @param bestRound of the rounds so far
     */
    record Measured(String metric, Map<Integer, Double> byRank, double mean, int bestRound) {
        private static Optional<Measured> of(Object entry) {
            if (!(entry instanceof Map<?, ?> values)
                    || !(values.get("metric") instanceof String metric)
                    || !(values.get("ranks") instanceof Map<?, ?> ranks)
                    || !(values.get("mean") instanceof Number mean)
                    || !(values.get("best_round") instanceof Number best)) {
                return Optional.empty();
            }
            Map<Integer, Double> byRank = new TreeMap<>();
            ranks.forEach((rank, value) -> {
                if (value instanceof Number number) {
                    byRank.put(Integer.valueOf(rank.toString()), number.doubleValue());
                }
            });
            return Optional.of(new Measured(metric, byRank, mean.doubleValue(), best.intValue()));
        }
    }

    static Round of(Map<String, Object> line) {
        return new Round(
                (int) number(line, "round"),
                (long) number(line, "step"),
                number(line, "loss"),
                number(line, "learning_rate"),
                (long) number(line, "examples"),
                (long) number(line, "tokens"),
                (long) number(line, "padded_tokens"),
                number(line, "mean_width"),
                number(line, "drift"),
                number(line, "bytes_to_each_worker"),
                number(line, "bytes_from_all_workers"),
                number(line, "seconds"),
                number(line, "overhead_seconds"),
                Measured.of(line.get("validation")));
    }

    /** NaN where a line does not have it, which no chart shows. */
    private static double number(Map<String, Object> line, String key) {
        return line.get(key) instanceof Number value ? value.doubleValue() : Double.NaN;
    }

    double tokensPerSecond() {
        return tokens / seconds;
    }

    /** Time of the slowest shard's local steps. */
    double localSeconds() {
        return seconds - overheadSeconds;
    }
}
