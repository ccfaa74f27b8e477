package org.erat.job;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.erat.evaluation.Metric;

/**
 * What was measured after a round.
 *
 * @param metric the task's first
 * @param byRank its value at each rank that is measured during training
 * @param bestRound the best round so far, from 1, which may be this one; 0 where no round had a value that is a number
 * @param best the mean over the ranks in that round
 */
public record RoundQuality(Metric metric, Map<Integer, Double> byRank, int bestRound, double best) {
    public RoundQuality {
        byRank = Collections.unmodifiableMap(new TreeMap<>(byRank));
    }

    /** The mean over the ranks, which says which round is the best. */
    public double mean() {
        return mean(byRank);
    }

    static double mean(Map<Integer, Double> byRank) {
        return byRank.values().stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(Double.NaN);
    }

    /** A few words for people: {@code accuracy 0.8123 (best 0.8210, round 4)}. */
    public String toText() {
        return String.format(Locale.ROOT, "%s %.4f (best %.4f, round %d)", metric, mean(), best, bestRound);
    }
}
