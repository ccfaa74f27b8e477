package org.erat.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.erat.chart.HeatMap;
import org.erat.chart.LineChart;
import org.erat.chart.Markup;
import org.erat.evaluation.EvaluationDetails;

/** Where the adapter errs on validation examples, at the recommended rank. */
final class ErrorsSection {
    /** A table of more classes has no room for their names. */
    private static final int MOST_CLASSES = 64;

    private static final int WIDE = 980;
    private static final int WIDTH = 480;

    /** Classes that a chart of half the page has room for. */
    private static final int FEW_CLASSES = 12;

    private static final int MOST_CONFUSIONS = 12;

    private ErrorsSection() {}

    static void write(Markup html, EvaluationDetails details) {
        String at = "at rank " + details.rank() + ", " + details.order().title();
        Page.section(html, "Errors " + at, () -> {
            Page.figures(html, () -> {
                if (!details.confusion().isEmpty()) {
                    confusion(html, details);
                }
                if (!details.labels().isEmpty()) {
                    HtmlTable table = byLabel(details.labels());
                    Page.doubleFigure(
                            html,
                            "Labels by F1, the worst first",
                            "An example has any number of labels, so none is taken for another.",
                            () -> table.write(html));
                }
                if (!details.pairs().isEmpty()) {
                    pairs(html, details.pairs());
                }
            });
            if (!details.hardest().isEmpty()) {
                html.element("h3", "The examples that the adapter errs on most");
                hardest(details.hardest()).write(html);
            }
        });
    }

    private static void confusion(Markup html, EvaluationDetails details) {
        int classes = details.classes().size();
        if (classes <= FEW_CLASSES) {
            Page.figure(
                    html, "Confusion of classes", note(), () -> map(details).draw(html, "Confusion of classes", WIDTH));
        } else if (classes <= MOST_CLASSES) {
            Page.wideFigure(
                    html, "Confusion of classes", note(), () -> map(details).draw(html, "Confusion of classes", WIDE));
        }
        HtmlTable table = mostConfused(details);
        if (classes > 2 && !table.isEmpty()) {
            Page.figure(html, "Most frequent confusions", "", () -> table.write(html));
        }
        if (classes > 2) {
            HtmlTable byClass = byClass(details);
            Page.figure(html, "Classes by F1, the worst first", "", () -> byClass.write(html));
        }
    }

    private static String note() {
        return "Rows are right classes. A cell is the share of its row that was predicted as the column.";
    }

    private static HeatMap map(EvaluationDetails details) {
        List<String> classes = details.classes();
        Map<List<String>, Long> counts = new HashMap<>();
        Map<String, Long> totals = new HashMap<>();
        details.confusion().forEach(cell -> {
            counts.put(List.of(cell.label(), cell.prediction()), cell.count());
            totals.merge(cell.label(), cell.count(), Long::sum);
        });
        List<List<HeatMap.Cell>> cells = classes.stream()
                .map(label -> classes.stream()
                        .map(prediction -> cell(
                                label,
                                prediction,
                                counts.getOrDefault(List.of(label, prediction), 0L),
                                totals.getOrDefault(label, 1L)))
                        .toList())
                .toList();
        return new HeatMap("predicted class", "right class", classes, classes, cells, 0);
    }

    private static HeatMap.Cell cell(String label, String prediction, long count, long total) {
        return count == 0
                ? new HeatMap.Cell(0, "0", "")
                : new HeatMap.Cell(
                        (double) count / total,
                        Amounts.count(count),
                        label + ", predicted " + prediction + ": " + count + " of " + total);
    }

    private static HtmlTable mostConfused(EvaluationDetails details) {
        HtmlTable table = new HtmlTable().text("right class").text("predicted").number("times");
        details.confusion().stream()
                .filter(cell -> !cell.label().equals(cell.prediction()))
                .sorted(Comparator.comparingLong(EvaluationDetails.Confused::count)
                        .reversed())
                .limit(MOST_CONFUSIONS)
                .forEach(cell -> table.row(cell.label(), cell.prediction(), Amounts.count(cell.count())));
        return table;
    }

    /** Counts of one class. */
    private record Counts(String name, long actual, long predicted, long both) {
        double f1() {
            return actual + predicted == 0 ? 0 : 2.0 * both / (actual + predicted);
        }
    }

    private static HtmlTable byClass(EvaluationDetails details) {
        Map<String, Long> actual = new HashMap<>();
        Map<String, Long> predicted = new HashMap<>();
        Map<String, Long> both = new HashMap<>();
        details.confusion().forEach(cell -> {
            actual.merge(cell.label(), cell.count(), Long::sum);
            predicted.merge(cell.prediction(), cell.count(), Long::sum);
            if (cell.label().equals(cell.prediction())) {
                both.put(cell.label(), cell.count());
            }
        });
        List<Counts> counts = new ArrayList<>();
        details.classes()
                .forEach(name -> counts.add(new Counts(
                        name,
                        actual.getOrDefault(name, 0L),
                        predicted.getOrDefault(name, 0L),
                        both.getOrDefault(name, 0L))));
        HtmlTable table = new HtmlTable()
                .text("class")
                .number("examples")
                .number("predicted")
                .number("right")
                .number("F1");
        counts.stream()
                .filter(count -> count.actual() + count.predicted() > 0)
                .sorted(Comparator.comparingDouble(Counts::f1).thenComparing(Counts::name))
                .limit(MOST_CONFUSIONS)
                .forEach(count -> table.row(
                        count.name(),
                        Amounts.count(count.actual()),
                        Amounts.count(count.predicted()),
                        Amounts.count(count.both()),
                        Amounts.format("%.3f", count.f1())));
        return table;
    }

    private static HtmlTable byLabel(List<EvaluationDetails.LabelCount> labels) {
        HtmlTable table = new HtmlTable()
                .text("label")
                .number("examples")
                .number("predicted")
                .number("right")
                .number("precision")
                .number("recall")
                .number("F1");
        labels.stream()
                .map(label -> new Counts(label.name(), label.actual(), label.predicted(), label.both()))
                .filter(count -> count.actual() + count.predicted() > 0)
                .sorted(Comparator.comparingDouble(Counts::f1).thenComparing(Counts::name))
                .limit(MOST_CLASSES)
                .forEach(count -> table.row(
                        count.name(),
                        Amounts.count(count.actual()),
                        Amounts.count(count.predicted()),
                        Amounts.count(count.both()),
                        share(count.both(), count.predicted()),
                        share(count.both(), count.actual()),
                        Amounts.format("%.3f", count.f1())));
        return table;
    }

    private static String share(long part, long whole) {
        return whole == 0 ? "" : Amounts.format("%.3f", (double) part / whole);
    }

    private static void pairs(Markup html, List<EvaluationDetails.Pair> pairs) {
        double low = labels(pairs).min().orElseThrow();
        double high = labels(pairs).max().orElseThrow();
        LineChart.Line right = new LineChart.Line(
                "right",
                new LineChart.Look(1, LineChart.Stroke.DASHED, false),
                List.of(LineChart.Point.of(low, low, ""), LineChart.Point.of(high, high, "")));
        LineChart.Line predicted = new LineChart.Line(
                "validation examples",
                new LineChart.Look(0, LineChart.Stroke.NONE, true),
                pairs.stream()
                        .map(pair -> LineChart.Point.of(
                                pair.label(),
                                pair.prediction(),
                                "label " + Amounts.number(pair.label()) + ", predicted "
                                        + Amounts.number(pair.prediction())))
                        .toList());
        LineChart chart = new LineChart(
                new LineChart.Axes("label", "prediction", false, 1e-6), List.of(right, predicted), Optional.empty());
        LineChart errors = new LineChart(
                new LineChart.Axes("label", "prediction − label", false, 1e-6),
                List.of(new LineChart.Line(
                        "validation examples",
                        new LineChart.Look(0, LineChart.Stroke.NONE, true),
                        pairs.stream()
                                .map(pair -> LineChart.Point.of(
                                        pair.label(),
                                        pair.prediction() - pair.label(),
                                        "label " + Amounts.number(pair.label()) + ", off by "
                                                + Amounts.number(pair.prediction() - pair.label())))
                                .toList())),
                Optional.empty());
        String note = Amounts.count(pairs.size()) + " examples, spread evenly over the validation data.";
        Page.figure(html, "Predictions by label", note, () -> chart.draw(html, "Predictions by label"));
        Page.figure(html, "Errors by label", note, () -> errors.draw(html, "Errors by label"));
    }

    private static DoubleStream labels(List<EvaluationDetails.Pair> pairs) {
        return pairs.stream().mapToDouble(EvaluationDetails.Pair::label);
    }

    private static HtmlTable hardest(List<EvaluationDetails.Hard> examples) {
        boolean texts = examples.stream().anyMatch(example -> !example.text().isEmpty());
        boolean labels = examples.stream().anyMatch(example -> !example.label().isEmpty());
        HtmlTable table = new HtmlTable().number("example");
        if (texts) {
            table.text("text, from its tokens");
        }
        if (labels) {
            table.text("right");
        }
        table.text("predicted").text("");
        for (EvaluationDetails.Hard example : examples) {
            List<String> cells = new ArrayList<>(List.of(Long.toString(example.id())));
            if (texts) {
                cells.add(example.text());
            }
            if (labels) {
                cells.add(example.label());
            }
            cells.add(example.prediction());
            cells.add(example.why());
            table.row(cells);
        }
        return table;
    }
}
