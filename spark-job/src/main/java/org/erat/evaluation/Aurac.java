package org.erat.evaluation;

import java.util.List;

/** Area under the curve of a metric by rank, divided by the range of ranks: its mean over the ranks that a user can pick from. */
final class Aurac {
    private Aurac() {}

    /**
     * The trapezoid rule over ranks that may have gaps; the value itself for a single rank.
     *
     * @param entries ascending by rank, at least one
     */
    static double of(List<RankMetrics> entries, String metric) {
        RankMetrics first = entries.get(0);
        RankMetrics last = entries.get(entries.size() - 1);
        if (first.rank() == last.rank()) {
            return first.value(metric);
        }
        double area = 0;
        for (int i = 1; i < entries.size(); i++) {
            RankMetrics low = entries.get(i - 1);
            RankMetrics high = entries.get(i);
            area += (high.rank() - low.rank()) * (low.value(metric) + high.value(metric)) / 2;
        }
        return area / (last.rank() - first.rank());
    }
}
