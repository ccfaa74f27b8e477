package org.erat.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.erat.chart.Bars;
import org.erat.chart.LineChart;
import org.erat.chart.Markup;
import org.erat.evaluation.Metric;
import org.erat.monitoring.Bytes;

/** How training went, round by round: loss, validation metric, learning rate, speed, time and traffic. */
final class TrainingSection {
    /** More points than these cannot be told apart in a chart of a page. */
    static final int MOST_POINTS = 200;

    private static final double ONE_PERCENT = 0.01;
    private static final double SMALL = 0.02;

    private TrainingSection() {}

    /**
     * A series over rounds.
     *
     * @param unit behind a value, with a blank before it where it needs one
     */
    record Curve(String title, String axis, String unit, ToDoubleFunction<Round> value) {
        static final Curve LOSS = new Curve("Training loss", "mean loss of a round's targets", "", Round::loss);
        static final Curve RATE = new Curve("Learning rate", "at a round's last step", "", Round::learningRate);
        static final Curve SPEED =
                new Curve("Speed", "tokens per second, all shards", " tokens/s", Round::tokensPerSecond);

        /** One run's line. */
        LineChart.Line line(String name, int colour, List<Round> rounds) {
            List<LineChart.Point> points = rounds.stream()
                    .map(round -> LineChart.Point.of(
                            round.number(),
                            value.applyAsDouble(round),
                            "round " + round.number() + ", step " + round.step() + ": "
                                    + Amounts.number(value.applyAsDouble(round)) + unit))
                    .toList();
            return new LineChart.Line(
                    name,
                    new LineChart.Look(colour, LineChart.Stroke.SOLID, true),
                    LineChart.thinned(points, MOST_POINTS));
        }

        /** A figure with the lines of some runs, if there is anything to show. */
        void figure(Markup html, String note, List<LineChart.Line> lines) {
            LineChart chart =
                    new LineChart(new LineChart.Axes("round", axis, false, leastSpan(lines)), lines, Optional.empty());
            if (chart.hasPoints()) {
                Page.figure(html, title, note, () -> chart.draw(html, title + " by round"));
            }
        }
    }

    /** So that values that are alike do not look different. */
    private static double leastSpan(List<LineChart.Line> lines) {
        double most = lines.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(point -> Math.abs(point.y()))
                .filter(Double::isFinite)
                .max()
                .orElse(0);
        return most == 0 ? 1 : SMALL * most;
    }

    static void write(Markup html, RunRecords run) {
        List<Round> rounds = run.rounds();
        Page.section(html, "Training", () -> {
            Page.figures(html, () -> {
                one(html, Curve.LOSS, "", run);
                ValidationCurves.figure(html, run);
                one(html, Curve.RATE, "", run);
                one(html, Curve.SPEED, padding(rounds), run);
                time(html, rounds);
                if (run.shards() > 1) {
                    one(
                            html,
                            new Curve("Aggregation error", "‖mean(BA) − BA‖ / ‖mean(BA)‖", "", Round::drift),
                            "What averaging over the shards adds to the product of B and A.",
                            run);
                }
                network(html, run);
            });
            Page.details(html, "All rounds as a table", () -> table(run).write(html));
        });
    }

    private static void one(Markup html, Curve curve, String note, RunRecords run) {
        curve.figure(html, note, List.of(curve.line(run.name(), 0, run.rounds())));
    }

    private static String padding(List<Round> rounds) {
        double tokens = sum(rounds, Round::tokens);
        double padded = sum(rounds, Round::paddedTokens);
        return "Padding, which is not counted, adds " + Amounts.share(padded / Math.max(1, tokens)) + ".";
    }

    static double sum(List<Round> rounds, ToDoubleFunction<Round> value) {
        return rounds.stream().mapToDouble(value).sum();
    }

    private static void time(Markup html, List<Round> rounds) {
        double all = sum(rounds, Round::seconds);
        double local = sum(rounds, Round::localSeconds);
        LineChart.Line whole = line("whole round", 0, LineChart.Stroke.SOLID, rounds, Round::seconds);
        LineChart.Line steps =
                line("slowest shard's local steps", 1, LineChart.Stroke.DASHED, rounds, Round::localSeconds);
        LineChart chart = new LineChart(
                new LineChart.Axes("round", "seconds", false, leastSpan(List.of(whole))),
                List.of(whole, steps),
                Optional.empty());
        Page.figure(
                html,
                "Where a round's time goes",
                Amounts.share(local / all) + " of the time are local steps of the slowest shard. The rest is"
                        + " scheduling, sending, waiting for tasks and averaging.",
                () -> chart.draw(html, "Time of a round"));
    }

    private static LineChart.Line line(
            String name, int colour, LineChart.Stroke stroke, List<Round> rounds, ToDoubleFunction<Round> value) {
        Function<Round, LineChart.Point> point = round -> LineChart.Point.of(
                round.number(),
                value.applyAsDouble(round),
                "round " + round.number() + ", " + name + ": " + Amounts.seconds(value.applyAsDouble(round)));
        return new LineChart.Line(
                name,
                new LineChart.Look(colour, stroke, colour == 0),
                LineChart.thinned(rounds.stream().map(point).toList(), MOST_POINTS));
    }

    private static void network(Markup html, RunRecords run) {
        if (run.sizes().isEmpty()) {
            return;
        }
        RunSizes sizes = run.sizes().get();
        int count = run.rounds().size();
        double down = sum(run.rounds(), Round::bytesDown) / count;
        double up = sum(run.rounds(), Round::bytesUp) / count / sizes.shards();
        Bars bars = new Bars(List.of(
                new Bars.Row("to each worker", Bytes.text(Math.round(down)), parts(sizes, sizes.bytesDown(), down)),
                new Bars.Row("back from each shard", Bytes.text(Math.round(up)), parts(sizes, sizes.bytesUp(), up))));
        Page.figure(
                html,
                "What crosses the network in a round",
                Bytes.asShareOfModel(Math.round(down + up), sizes.modelBytes())
                        + ", which is never sent. Neither is text.",
                () -> bars.draw(html, "Bytes of a round by part"));
    }

    /** The parts of a message, where it is whole; of trained rows alone only the sum is known. */
    private static List<Bars.Part> parts(RunSizes sizes, long whole, double measured) {
        if (Math.abs(whole - measured) > ONE_PERCENT * whole) {
            return List.of(new Bars.Part(
                    "trained rows and head, with optimizer state", 4, measured, Bytes.text(Math.round(measured))));
        }
        return List.of(
                part("adapter", 0, sizes.adapterBytes()),
                part("task head", 1, sizes.headBytes()),
                part("optimizer state", 2, whole - sizes.adapterBytes() - sizes.headBytes()));
    }

    private static Bars.Part part(String name, int colour, long bytes) {
        return new Bars.Part(name, colour, bytes, Bytes.text(bytes));
    }

    /** All rounds of a short run, and evenly spread ones of a long one. */
    private static HtmlTable table(RunRecords run) {
        List<Round> rounds = run.rounds();
        Optional<Metric> metric = ValidationCurves.metric(run);
        Optional<Round> best = ValidationCurves.best(run);
        HtmlTable table = new HtmlTable().number("round").number("step").number("loss");
        metric.ifPresent(known -> table.number("validation " + known));
        table.number("learning rate")
                .number("examples")
                .number("tokens/s")
                .number("seconds")
                .number("beyond local steps")
                .number("mean active rows")
                .number("aggregation error");
        int count = Math.min(rounds.size(), MOST_POINTS);
        IntStream.rangeClosed(1, count)
                .mapToObj(i -> rounds.get((int) ((long) i * rounds.size() / count) - 1))
                .forEach(round -> {
                    table.row(cells(round, metric.isPresent()));
                    if (best.filter(round::equals).isPresent()) {
                        table.mark();
                    }
                });
        return table;
    }

    private static List<String> cells(Round round, boolean measured) {
        List<String> cells = new ArrayList<>(List.of(
                Integer.toString(round.number()), Amounts.count(round.step()), Amounts.format("%.4f", round.loss())));
        if (measured) {
            cells.add(round.measured()
                    .map(known -> Amounts.format("%.4f", known.mean()))
                    .orElse(""));
        }
        cells.addAll(List.of(
                Amounts.number(round.learningRate()),
                Amounts.count(round.examples()),
                Amounts.count(round.tokensPerSecond()),
                Amounts.format("%.2f", round.seconds()),
                Amounts.format("%.2f", round.overheadSeconds()),
                Amounts.format("%.2f", round.meanWidth()),
                Amounts.number(round.drift())));
        return cells;
    }
}
