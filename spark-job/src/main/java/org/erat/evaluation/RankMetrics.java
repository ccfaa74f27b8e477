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

    /** The value of a metric. */
    public double value(String metric) {
        return metrics.get(metric);
    }
}
