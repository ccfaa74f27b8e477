package org.erat.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.erat.chart.LineChart;
import org.erat.chart.Markup;
import org.erat.config.RowOrder;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.EvaluationDetails;
import org.erat.evaluation.Metric;
import org.erat.evaluation.RankMetrics;
import org.erat.evaluation.Recommendation;

/** The metrics by rank, as a chart and as a table. */
final class QualitySection {
    /** Standard errors on each side of a value that hold 95 % of a normal distribution. */
    private static final double OF_95_PERCENT = 1.96;

    /** Span of the axis where all values are alike. */
    private static final double LEAST_SPAN = 0.01;

    private QualitySection() {}

    static void write(Markup html, Evaluation evaluation, Optional<EvaluationDetails> details) {
        Page.section(
                html,
                "Quality by rank",
                () -> Page.figures(html, () -> {
                    Page.figure(html, evaluation.metric() + " at every rank", note(evaluation, details), () -> chart(
                                    evaluation, details)
                            .draw(html, evaluation.metric() + " by rank"));
                    Page.doubleFigure(
                            html,
                            "All metrics",
                            "The recommended rank is the smallest that is within one standard error of the best.",
                            () -> table(evaluation, details).write(html));
                }));
    }

    private static String note(Evaluation evaluation, Optional<EvaluationDetails> details) {
        String rank = "Rank b uses the first b rows of every adapter.";
        return details.map(known -> rank
                        + Amounts.format(
                                " Bands: 95 %% intervals, 1.96 standard errors by the bootstrap over %,d validation"
                                        + " examples.",
                                known.examples()))
                .orElse(evaluation.prefixes().size() > 1 ? rank + " Orders of the rows are compared." : rank);
    }

    private static LineChart chart(Evaluation evaluation, Optional<EvaluationDetails> details) {
        List<LineChart.Line> lines = new ArrayList<>();
        evaluation
                .prefixes()
                .forEach((order, entries) ->
                        lines.add(line(order.title(), lines.size(), order, entries, evaluation.metric(), details)));
        return new LineChart(
                axes(evaluation.metric(), lines),
                lines,
                evaluation.recommended().map(choice -> highlight(evaluation, choice)));
    }

    /** Axes with room for the whole of every interval. */
    static LineChart.Axes axes(Metric metric, List<LineChart.Line> lines) {
        double widest = lines.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(point -> point.high() - point.y())
                .max()
                .orElse(0);
        return new LineChart.Axes(
                "rank b", metric.label(), metric == Metric.PERPLEXITY, Math.max(widest, LEAST_SPAN * metric.factor()));
    }

    private static LineChart.Highlight highlight(Evaluation evaluation, Recommendation choice) {
        double value = shown(evaluation.metric(), valueAt(evaluation, choice));
        return new LineChart.Highlight(
                choice.rank(), value, "recommended: rank " + choice.rank() + ", " + text(evaluation.metric(), value));
    }

    static double valueAt(Evaluation evaluation, Recommendation choice) {
        return evaluation.prefixes().get(choice.order()).stream()
                .filter(entry -> entry.rank() == choice.rank())
                .mapToDouble(entry -> entry.value(evaluation.metric().toString()))
                .findFirst()
                .orElse(Double.NaN);
    }

    private static double shown(Metric metric, double value) {
        return metric.factor() * value;
    }

    private static String text(Metric metric, double shown) {
        return Amounts.format("%." + metric.decimals() + "f", shown);
    }

    /** A value of a metric as people read it: × 100 where it is a share. */
    static String textOf(Metric metric, double value) {
        return text(metric, shown(metric, value));
    }

    /** One order's metric by rank. */
    static LineChart.Line line(
            String name,
            int colour,
            RowOrder order,
            List<RankMetrics> entries,
            Metric metric,
            Optional<EvaluationDetails> details) {
        LineChart.Stroke stroke =
                switch (order) {
                    case TRAINED -> LineChart.Stroke.SOLID;
                    case CANONICAL -> LineChart.Stroke.DASHED;
                    case DATA_AWARE -> LineChart.Stroke.DOTTED;
                };
        return new LineChart.Line(
                name,
                new LineChart.Look(colour, stroke, order == RowOrder.TRAINED),
                entries.stream()
                        .map(entry -> point(name, order, entry, metric, details))
                        .toList());
    }

    private static LineChart.Point point(
            String name, RowOrder order, RankMetrics entry, Metric metric, Optional<EvaluationDetails> details) {
        double value = shown(metric, entry.value(metric.toString()));
        double halfWidth = shown(
                metric,
                OF_95_PERCENT * standardError(details, order, entry.rank()).orElse(0));
        String hover = (entry.rank() == 0 ? "base model" : "rank " + entry.rank() + ", " + name) + ": "
                + text(metric, value)
                + (halfWidth > 0 ? " ± " + text(metric, halfWidth) : "");
        return new LineChart.Point(entry.rank(), value, value - halfWidth, value + halfWidth, hover);
    }

    private static OptionalDouble standardError(Optional<EvaluationDetails> details, RowOrder order, int rank) {
        return details.stream()
                .flatMap(known -> known.uncertainty().stream())
                .filter(known -> known.order() == order && known.rank() == rank)
                .mapToDouble(EvaluationDetails.Uncertainty::standardError)
                .findFirst();
    }

    private static HtmlTable table(Evaluation evaluation, Optional<EvaluationDetails> details) {
        List<RowOrder> orders = List.copyOf(evaluation.prefixes().keySet());
        List<String> metrics = List.copyOf(
                evaluation.prefixes().get(orders.get(0)).get(0).metrics().keySet());
        HtmlTable table = new HtmlTable().number("rank");
        for (RowOrder order : orders) {
            metrics.forEach(metric -> table.number(metric + ", " + order.title()));
            if (details.isPresent()) {
                table.number("±");
            }
        }
        List<Integer> ranks = evaluation.prefixes().get(orders.get(0)).stream()
                .map(RankMetrics::rank)
                .toList();
        for (int i = 0; i < ranks.size(); i++) {
            int rank = ranks.get(i);
            List<String> cells = new ArrayList<>(List.of(Integer.toString(rank)));
            for (RowOrder order : orders) {
                RankMetrics entry = evaluation.prefixes().get(order).get(i);
                metrics.forEach(metric -> cells.add(Amounts.format("%.4f", entry.value(metric))));
                if (details.isPresent()) {
                    OptionalDouble error = standardError(details, order, rank);
                    cells.add(error.isPresent() ? Amounts.format("%.4f", OF_95_PERCENT * error.getAsDouble()) : "");
                }
            }
            table.row(cells);
            if (evaluation.recommended().filter(choice -> choice.rank() == rank).isPresent()) {
                table.mark();
            }
        }
        return table;
    }
}
