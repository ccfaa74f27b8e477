package org.erat.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.erat.chart.LineChart;
import org.erat.chart.Markup;
import org.erat.evaluation.Metric;

/** What was measured during training, by round. */
final class ValidationCurves {
    private static final double LEAST_SPAN = 0.01;

    private ValidationCurves() {}

    /** The metric that the rounds of a run were measured by. */
    static Optional<Metric> metric(RunRecords run) {
        return run.rounds().stream()
                .flatMap(round -> round.measured().stream())
                .map(measured -> Metric.named(measured.metric(), run.path() + "/metrics.jsonl"))
                .findFirst();
    }

    /** The best round by what was measured, if any was. */
    static Optional<Round> best(RunRecords run) {
        int number = run.rounds().stream()
                .flatMap(round -> round.measured().stream())
                .mapToInt(Round.Measured::bestRound)
                .reduce(0, (before, last) -> last);
        return run.rounds().stream()
                .filter(round -> round.number() == number && round.measured().isPresent())
                .findFirst();
    }

    /** A figure with a line for each rank that was measured, where the run was measured during training. */
    static void figure(Markup html, RunRecords run) {
        metric(run).ifPresent(metric -> {
            TreeSet<Integer> ranks = new TreeSet<>();
            run.rounds().forEach(round -> round.measured()
                    .ifPresent(measured -> ranks.addAll(measured.byRank().keySet())));
            List<LineChart.Line> lines = new ArrayList<>();
            for (int rank : ranks.descendingSet()) {
                lines.add(line("rank " + rank, lines.size(), metric, run.rounds(), measured -> measured.byRank()
                        .getOrDefault(rank, Double.NaN)));
            }
            if (ranks.size() > 1) {
                lines.add(0, line("mean", lines.size(), metric, run.rounds(), Round.Measured::mean));
            }
            Optional<Round> best = best(run);
            draw(html, metric, note(best), lines, best.map(round -> highlight(metric, round)));
        });
    }

    private static String note(Optional<Round> best) {
        return best.map(round -> "On the validation examples. The adapter is that of round " + round.number()
                        + ", the best one.")
                .orElse("On the validation examples.");
    }

    private static LineChart.Highlight highlight(Metric metric, Round best) {
        double mean = best.measured().orElseThrow().mean();
        return new LineChart.Highlight(
                best.number(),
                metric.factor() * mean,
                "best: round " + best.number() + ", " + QualitySection.textOf(metric, mean));
    }

    /** A figure with a line for each of several runs that were measured by the same metric. */
    static void figure(Markup html, Metric metric, List<LineChart.Line> lines) {
        draw(html, metric, "On the validation examples, during training.", lines, Optional.empty());
    }

    /** The line of a run among several. */
    static LineChart.Line line(String name, int colour, Metric metric, List<Round> rounds) {
        return line(name, colour, metric, rounds, Round.Measured::mean);
    }

    /** A value of what was measured. */
    @FunctionalInterface
    private interface Value {
        double of(Round.Measured measured);
    }

    private static LineChart.Line line(String name, int colour, Metric metric, List<Round> rounds, Value value) {
        List<LineChart.Point> points = new ArrayList<>();
        for (Round round : rounds) {
            round.measured().ifPresent(measured -> {
                double at = value.of(measured);
                points.add(LineChart.Point.of(
                        round.number(),
                        metric.factor() * at,
                        "round " + round.number() + ", " + name + ": " + QualitySection.textOf(metric, at)));
            });
        }
        return new LineChart.Line(
                name,
                new LineChart.Look(colour, LineChart.Stroke.SOLID, true),
                LineChart.thinned(points, TrainingSection.MOST_POINTS));
    }

    private static void draw(
            Markup html,
            Metric metric,
            String note,
            List<LineChart.Line> lines,
            Optional<LineChart.Highlight> highlight) {
        LineChart chart = new LineChart(
                new LineChart.Axes("round", metric.label(), metric == Metric.PERPLEXITY, LEAST_SPAN * metric.factor()),
                lines,
                highlight);
        if (chart.hasPoints()) {
            Page.figure(html, "Validation " + metric, note, () -> chart.draw(html, metric + " by round"));
        }
    }
}
