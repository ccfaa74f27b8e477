package org.erat.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.erat.config.RowOrder;

/** Metrics by rank as a table of text for the screen. */
public final class EvaluationTable {
    private static final String GAP = "  ";

    private EvaluationTable() {}

    /**
     * The lines of the table: a rank each, with the metrics in each order of the rows side by side, then the AURAC and the
     * rank to take, then the ranks of the suffixes if there are any.
     */
    public static List<String> lines(Evaluation evaluation) {
        List<String> lines = new ArrayList<>();
        Map<RowOrder, List<RankMetrics>> prefixes = evaluation.prefixes();
        List<String> metrics = metrics(prefixes.values().iterator().next());
        if (prefixes.size() > 1) {
            int width = cells(metrics).length();
            lines.add("    "
                    + prefixes.keySet().stream()
                            .map(order -> GAP + pad(order.title(), width - GAP.length()))
                            .collect(Collectors.joining()));
        }
        addRows(lines, "rank", metrics, List.copyOf(prefixes.values()));
        lines.add(prefixes.keySet().stream()
                .map(order ->
                        format("%.4f", evaluation.aurac(order)) + (prefixes.size() > 1 ? " " + order.title() : ""))
                .collect(Collectors.joining(", ", "AURAC (" + evaluation.metric() + ") ", "")));
        evaluation
                .recommended()
                .ifPresent(choice -> lines.add(format(
                        "rank %d, %s, is within one standard error (%.4f) of the best",
                        choice.rank(), choice.order().title(), choice.standardError())));
        if (!evaluation.suffix().isEmpty()) {
            addRows(lines, "last", metrics(evaluation.suffix()), List.of(evaluation.suffix()));
        }
        return lines;
    }

    private static List<String> metrics(List<RankMetrics> entries) {
        return List.copyOf(entries.get(0).metrics().keySet());
    }

    /** @param columns the same ranks in each */
    private static void addRows(
            List<String> lines, String title, List<String> metrics, List<List<RankMetrics>> columns) {
        lines.add(title + cells(metrics).repeat(columns.size()));
        for (int i = 0; i < columns.get(0).size(); i++) {
            StringBuilder row =
                    new StringBuilder(format("%4d", columns.get(0).get(i).rank()));
            for (List<RankMetrics> column : columns) {
                for (String metric : metrics) {
                    row.append(GAP)
                            .append(format(
                                    "%" + width(metric) + ".4f", column.get(i).value(metric)));
                }
            }
            lines.add(row.toString());
        }
    }

    private static String cells(List<String> metrics) {
        return metrics.stream()
                .map(metric -> GAP + format("%" + width(metric) + "s", metric))
                .collect(Collectors.joining());
    }

    private static String pad(String text, int width) {
        return format("%" + width + "s", text);
    }

    private static int width(String metric) {
        return Math.max(7, metric.length());
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
