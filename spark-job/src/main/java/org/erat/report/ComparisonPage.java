package org.erat.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.erat.chart.LineChart;
import org.erat.chart.Markup;
import org.erat.config.RowOrder;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.Metric;
import org.erat.monitoring.Bytes;

/** Several runs laid over one another. */
final class ComparisonPage {
    private ComparisonPage() {}

    static String of(List<RunRecords> runs) {
        List<String> names = names(runs);
        return Page.of(runs.size() + " runs", html -> {
            html.open("header");
            html.element("h1", runs.size() + " runs");
            table(runs, names).write(html);
            html.close();
            quality(html, runs, names);
            Page.section(
                    html,
                    "Training",
                    () -> Page.figures(html, () -> {
                        List.of(TrainingSection.Curve.LOSS, TrainingSection.Curve.RATE, TrainingSection.Curve.SPEED)
                                .forEach(curve -> curve.figure(
                                        html,
                                        "",
                                        IntStream.range(0, runs.size())
                                                .mapToObj(i -> curve.line(
                                                        names.get(i),
                                                        i,
                                                        runs.get(i).rounds()))
                                                .toList()));
                        validation(html, runs, names);
                    }));
            settings(html, runs, names);
        });
    }

    /** A chart for each metric that runs were measured by during training. */
    private static void validation(Markup html, List<RunRecords> runs, List<String> names) {
        runs.stream()
                .flatMap(run -> ValidationCurves.metric(run).stream())
                .distinct()
                .forEach(metric -> ValidationCurves.figure(
                        html,
                        metric,
                        IntStream.range(0, runs.size())
                                .filter(i -> ValidationCurves.metric(runs.get(i))
                                        .filter(metric::equals)
                                        .isPresent())
                                .mapToObj(i -> ValidationCurves.line(
                                        names.get(i), i, metric, runs.get(i).rounds()))
                                .toList()));
    }

    /** Names of folders, or whole paths where these are not distinct. */
    private static List<String> names(List<RunRecords> runs) {
        List<String> names = runs.stream().map(RunRecords::name).toList();
        return names.stream().distinct().count() == names.size()
                ? names
                : runs.stream().map(run -> run.path().toUri().getPath()).toList();
    }

    private static HtmlTable table(List<RunRecords> runs, List<String> names) {
        HtmlTable table = new HtmlTable()
                .text("run")
                .text("status")
                .text("task")
                .text("method")
                .text("metric")
                .number("recommended rank")
                .number("value there")
                .text("order")
                .number("AURAC")
                .number("rounds")
                .number("last loss")
                .number("tokens/s")
                .number("time")
                .number("network, each worker");
        for (int i = 0; i < runs.size(); i++) {
            RunRecords run = runs.get(i);
            List<String> cells =
                    new ArrayList<>(List.of(names.get(i), run.status().toString(), run.task(), run.setting("method")));
            cells.addAll(run.evaluation().map(ComparisonPage::quality).orElse(List.of("", "", "", "", "")));
            cells.addAll(training(run));
            table.row(cells);
        }
        return table;
    }

    private static List<String> quality(Evaluation evaluation) {
        Metric metric = evaluation.metric();
        List<String> cells = new ArrayList<>(List.of(metric.label()));
        cells.addAll(evaluation
                .recommended()
                .map(choice -> List.of(
                        Integer.toString(choice.rank()),
                        QualitySection.textOf(metric, QualitySection.valueAt(evaluation, choice)),
                        choice.order().title()))
                .orElse(List.of("", "", "")));
        cells.add(QualitySection.textOf(
                metric, evaluation.aurac(evaluation.better().orElseThrow())));
        return cells;
    }

    private static List<String> training(RunRecords run) {
        List<Round> rounds = run.rounds();
        if (rounds.isEmpty()) {
            return List.of("0", "", "", "", "");
        }
        double seconds = TrainingSection.sum(rounds, Round::seconds);
        double bytes = TrainingSection.sum(rounds, Round::bytesDown)
                + TrainingSection.sum(rounds, Round::bytesUp) / run.shards();
        return List.of(
                Integer.toString(rounds.size()),
                Amounts.number(rounds.get(rounds.size() - 1).loss()),
                Amounts.count(TrainingSection.sum(rounds, Round::tokens) / seconds),
                Amounts.seconds(seconds),
                Bytes.text(Math.round(bytes)));
    }

    /** A chart for each task and metric. */
    private static void quality(Markup html, List<RunRecords> runs, List<String> names) {
        List<List<String>> kinds = runs.stream()
                .filter(run -> run.evaluation().isPresent())
                .map(ComparisonPage::kind)
                .distinct()
                .toList();
        if (kinds.isEmpty()) {
            return;
        }
        Page.section(
                html,
                "Quality by rank",
                () -> Page.figures(html, () -> {
                    for (List<String> kind : kinds) {
                        List<LineChart.Line> lines = new ArrayList<>();
                        for (int i = 0; i < runs.size(); i++) {
                            RunRecords run = runs.get(i);
                            if (run.evaluation().isPresent() && kind(run).equals(kind)) {
                                lines.add(line(run, names.get(i), i));
                            }
                        }
                        Metric metric = Metric.named(kind.get(1), "The runs");
                        LineChart chart = new LineChart(QualitySection.axes(metric, lines), lines, Optional.empty());
                        Page.figure(
                                html,
                                kind.get(0) + ": " + metric + " at every rank",
                                "Each run in the order of its rows that has the higher AURAC. Bands: 95 % intervals.",
                                () -> chart.draw(html, metric + " by rank"));
                    }
                }));
    }

    private static List<String> kind(RunRecords run) {
        Evaluation evaluation = run.evaluation().orElseThrow();
        return List.of(evaluation.task(), evaluation.metric().toString());
    }

    private static LineChart.Line line(RunRecords run, String name, int colour) {
        Evaluation evaluation = run.evaluation().orElseThrow();
        RowOrder order = evaluation.better().orElseThrow();
        return QualitySection.line(
                name + ", " + order.title(),
                colour,
                order,
                evaluation.prefixes().get(order),
                evaluation.metric(),
                run.details());
    }

    private static void settings(Markup html, List<RunRecords> runs, List<String> names) {
        TreeSet<String> keys = new TreeSet<>();
        runs.forEach(run -> keys.addAll(run.settings().keySet()));
        keys.removeIf(key -> runs.stream()
                        .map(run -> run.settings().get(key))
                        .map(Objects::toString)
                        .distinct()
                        .count()
                < 2);
        Page.section(html, "Settings that differ", () -> {
            if (keys.isEmpty()) {
                html.element("p", "None.", "class", "quiet");
                return;
            }
            HtmlTable table = new HtmlTable().text("setting");
            names.forEach(table::text);
            for (String key : keys) {
                List<String> cells = new ArrayList<>(List.of(key));
                runs.forEach(run -> cells.add(run.setting(key)));
                table.row(cells);
            }
            table.write(html);
        });
    }
}
