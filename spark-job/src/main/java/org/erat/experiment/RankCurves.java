package org.erat.experiment;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.erat.chart.LineChart;
import org.erat.config.RowOrder;
import org.erat.evaluation.Metric;

/**
 * The metric of a task by rank as an SVG: the mean over the seeds of each method and order, with the 95 % interval of the
 * mean as a band. Colour and marker are the method's, the dashes are the order's, so that no line is told by its colour
 * alone.
 */
final class RankCurves {
    /** Span of the axis where all means are alike, in hundredths of the metric. */
    private static final double LEAST_SPAN = 0.01;

    private static final Map<RowOrder, LineChart.Stroke> STROKES = Map.of(
            RowOrder.TRAINED, LineChart.Stroke.SOLID,
            RowOrder.CANONICAL, LineChart.Stroke.DASHED,
            RowOrder.DATA_AWARE, LineChart.Stroke.DOTTED);

    private RankCurves() {}

    /** The file of a task's picture, beside the tables. */
    static String file(String task) {
        return "quality-by-rank" + (task.isEmpty() ? "" : "-" + task) + ".svg";
    }

    static String svg(Comparison comparison) {
        List<String> methods = comparison.lines().stream()
                .map(Comparison.Line::method)
                .distinct()
                .toList();
        Metric metric = comparison.metric();
        LineChart chart = new LineChart(
                new LineChart.Axes(
                        "rank: the first rows of the adapter", metric.label(), false, LEAST_SPAN * metric.factor()),
                comparison.lines().stream()
                        .map(line -> line(line, methods.indexOf(line.method()), metric))
                        .toList(),
                Optional.empty());
        String title = (comparison.task().isEmpty() ? "" : comparison.task() + ": ") + metric + " by rank";
        return chart.file(title, subtitle(comparison));
    }

    private static String subtitle(Comparison comparison) {
        return comparison.lines().stream()
                        .flatMap(line -> line.byRank().values().stream())
                        .anyMatch(sample -> sample.values().length > 1)
                ? "mean over the seeds; band: 95 % interval of the mean by Student's t, cut at the frame"
                : "one seed";
    }

    private static LineChart.Line line(Comparison.Line line, int method, Metric metric) {
        return new LineChart.Line(
                line.method() + ", " + line.order().title(),
                new LineChart.Look(method, STROKES.get(line.order()), line.order() == RowOrder.TRAINED),
                line.byRank().entrySet().stream()
                        .map(entry -> point(entry.getKey(), entry.getValue(), metric))
                        .toList());
    }

    private static LineChart.Point point(int rank, Sample sample, Metric metric) {
        double halfWidth = sample.values().length < 2 ? 0 : sample.halfWidth();
        return new LineChart.Point(
                rank,
                metric.factor() * sample.mean(),
                metric.factor() * (sample.mean() - halfWidth),
                metric.factor() * (sample.mean() + halfWidth),
                "");
    }
}
