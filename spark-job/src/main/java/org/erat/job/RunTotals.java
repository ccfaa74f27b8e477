package org.erat.job;

import java.util.List;
import java.util.Map;
import org.erat.checkpoint.RunDirectory;
import org.erat.monitoring.Bytes;

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
    public static RunTotals of(RunDirectory run, int shards) {
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
        long down = Math.round(bytesDown / Math.max(1, rounds));
        long up = Math.round(bytesUp / Math.max(1, rounds));
        return String.format(
                "network: %s for each worker and round (%s down, %s up), %s; %s for each worker in all",
                Bytes.text(down + up),
                Bytes.text(down),
                Bytes.text(up),
                Bytes.asShareOfModel(down + up, modelBytes),
                Bytes.text(Math.round(bytesDown + bytesUp)));
    }
}
