package org.erat.evaluation;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Metrics at one rank.
 *
 * @param rank b
 * @param metrics values by name, in the order of the task
 */
public record RankMetrics(int rank, Map<String, Double> metrics) {
    public RankMetrics {
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /** The same with more metrics. */
    RankMetrics with(Map<String, Double> more) {
        Map<String, Double> all = new LinkedHashMap<>(metrics);
        all.putAll(more);
        return new RankMetrics(rank, all);
    }

    /** The value of a metric. */
    public double value(String metric) {
        return metrics.get(metric);
    }
}
