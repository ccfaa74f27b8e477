package org.erat.job;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.erat.checkpoint.RunDirectory;

/**
 * Sums over the rounds of a run, of all its submissions.
 *
 * @param rounds that were made
 * @param examples seen
 * @param tokens seen, without padding
 * @param seconds of the rounds
 * @param bytesDown to each worker
 * @param bytesUp from each worker
 */
public record RunTotals(long rounds, long examples, long tokens, double seconds, double bytesDown, double bytesUp) {
    /**
     * The totals of a run's metrics.
     *
     * @param shards of the run
     */
    static RunTotals of(RunDirectory run, int shards) {
        List<Map<String, Object>> rounds = run.metrics().read();
        return new RunTotals(
                rounds.size(),
                (long) sum(rounds, "examples"),
                (long) sum(rounds, "tokens"),
                sum(rounds, "seconds"),
                sum(rounds, "bytes_to_each_worker"),
                sum(rounds, "bytes_from_all_workers") / shards);
    }

    private static double sum(List<Map<String, Object>> rounds, String key) {
        return rounds.stream()
                .mapToDouble(round -> ((Number) round.get(key)).doubleValue())
                .sum();
    }

    /**
     * What crossed the network, in a line for people.
     *
     * @param modelBytes size of the base model
     */
    String traffic(long modelBytes) {
        double perRound = (bytesDown + bytesUp) / Math.max(1, rounds);
        return String.format(
                Locale.ROOT,
                "network: %.2f MB for each worker and round (%.2f MB down, %.2f MB up), 1/%.0f of the base model's %.1f MB;"
                        + " %.1f MB for each worker in all",
                perRound / 1e6,
                bytesDown / Math.max(1, rounds) / 1e6,
                bytesUp / Math.max(1, rounds) / 1e6,
                modelBytes / Math.max(1, perRound),
                modelBytes / 1e6,
                (bytesDown + bytesUp) / 1e6);
    }
}
