package org.erat.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Metrics by rank as a table of text for the screen. */
public final class EvaluationTable {
    private EvaluationTable() {}

    /** The lines of the table: a rank each, then the AURAC, then the ranks of the suffixes if there are any. */
    public static List<String> lines(Evaluation evaluation) {
        List<String> lines = new ArrayList<>();
        addRows(lines, "rank", evaluation.prefix());
        lines.add(String.format(Locale.ROOT, "AURAC (%s) %.4f", evaluation.metric(), evaluation.aurac()));
        if (!evaluation.suffix().isEmpty()) {
            addRows(lines, "last", evaluation.suffix());
        }
        return lines;
    }

    private static void addRows(List<String> lines, String title, List<RankMetrics> entries) {
        List<String> metrics = List.copyOf(entries.get(0).metrics().keySet());
        StringBuilder head = new StringBuilder(title);
        metrics.forEach(metric -> head.append("  ").append(String.format("%" + width(metric) + "s", metric)));
        lines.add(head.toString());
        for (RankMetrics entry : entries) {
            StringBuilder row = new StringBuilder(String.format("%4d", entry.rank()));
            metrics.forEach(metric -> row.append("  ")
                    .append(String.format(Locale.ROOT, "%" + width(metric) + ".4f", entry.value(metric))));
            lines.add(row.toString());
        }
    }

    private static int width(String metric) {
        return Math.max(7, metric.length());
    }
}
