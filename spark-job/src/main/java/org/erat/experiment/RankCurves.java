package org.erat.experiment;

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.erat.config.RowOrder;

/**
 * The metric of a task by rank as an SVG: the mean over the seeds of each method and order, with the 95 % interval of the
 * mean as a band. Colour and marker are the method's, the dashes are the order's, so that no line is told by its colour
 * alone.
 */
final class RankCurves {
    private static final int LEFT = 64;
    private static final int PLOT_WIDTH = 476;
    private static final int TOP = 72;
    private static final int LEAST_HEIGHT = 260;
    private static final int BELOW = 56;
    private static final int LEGEND_ROW = 22;
    private static final int LEGEND_SAMPLE = 44;

    /** No letter of the usual fonts is wider on average, at 12 pixels. */
    private static final int LETTER = 8;

    private static final int RANK_LABEL = 28;
    private static final int MARKER = 4;
    private static final double TICKS = 6;

    /** Span of the axis where all means are alike, in hundredths of the metric. */
    private static final double LEAST_SPAN = 0.01;

    private static final int COLOURS = 6;

    /** Paths around the origin. As many as are no multiple of the colours, so that the pairs repeat late. */
    private static final List<String> MARKERS = List.of(
            "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
            "M-3.5 -3.5h7v7h-7z",
            "M0 -4.6l4.6 8h-9.2z",
            "M0 -5l5 5l-5 5l-5 -5z",
            "M0 4.6l4.6 -8h-9.2z",
            "M-4.5 0h9M0 -4.5v9",
            "M-3.6 -3.6l7.2 7.2M3.6 -3.6l-7.2 7.2");

    private static final Map<RowOrder, String> DASHES =
            Map.of(RowOrder.TRAINED, "none", RowOrder.CANONICAL, "7 4", RowOrder.DATA_AWARE, "2 3");

    /** Hues of Okabe and Ito, which colour-blind people tell apart, with the contrast that each background needs. */
    private static final String STYLE =
            """

            svg { --page: #ffffff; --line: #d0d7de; --text: #1f2328; --soft: #59636e }
            .c0 { --c: #0072b2 } .c1 { --c: #c25400 } .c2 { --c: #00805c }
            .c3 { --c: #b5478b } .c4 { --c: #9a6a00 } .c5 { --c: #1f2328 }
            @media (prefers-color-scheme: dark) {
              svg { --page: #0d1117; --line: #3d444d; --text: #f0f6fc; --soft: #9198a1 }
              .c0 { --c: #56b4e9 } .c1 { --c: #ff8a4c } .c2 { --c: #2cc99b }
              .c3 { --c: #e59ac4 } .c4 { --c: #e6b800 } .c5 { --c: #f0f6fc }
            }
            text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text) }
            .head { font-size: 15px; font-weight: 600 }
            .soft { fill: var(--soft) }
            .page { fill: var(--page); stroke: var(--line) }
            .grid { stroke: var(--line) }
            .band { fill: var(--c); fill-opacity: 0.12 }
            .bar { stroke: var(--c); stroke-opacity: 0.4; stroke-width: 2 }
            .curve { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round }
            .mark { fill: var(--page); stroke: var(--c); stroke-width: 1.8 }
            .mark.trained { fill: var(--c) }
            .m { text-anchor: middle } .e { text-anchor: end }
            """;

    private final Comparison comparison;
    private final List<String> methods;
    private final int[] ranks;
    private final double low;
    private final double high;
    private final double tick;
    private final int bottom;
    private final StringWriter text = new StringWriter();
    private final XMLStreamWriter xml;

    private RankCurves(Comparison comparison) throws XMLStreamException {
        this.comparison = comparison;
        this.methods = comparison.lines().stream()
                .map(Comparison.Line::method)
                .distinct()
                .toList();
        this.ranks = comparison.ranks();
        this.bottom = TOP + Math.max(LEAST_HEIGHT, comparison.lines().size() * LEGEND_ROW);
        this.xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(text);

        double least = samples().mapToDouble(this::drawn).min().orElseThrow();
        double most = samples().mapToDouble(this::drawn).max().orElseThrow();
        double leastSpan = LEAST_SPAN * comparison.metric().factor();
        double span = Math.max(leastSpan, most - least);
        // Of the bands as much as leaves the curves a third of the height: with two seeds they may be very wide.
        double from =
                Math.max(least - span, samples().mapToDouble(this::lower).min().orElseThrow());
        double to =
                Math.min(most + span, samples().mapToDouble(this::upper).max().orElseThrow());
        if (to - from < leastSpan) {
            from -= leastSpan / 2;
            to += leastSpan / 2;
        }
        this.tick = tick((to - from) / TICKS);
        this.low = Math.floor(from / tick) * tick;
        this.high = Math.ceil(to / tick) * tick;
    }

    /** The file of a task's picture, beside the tables. */
    static String file(String task) {
        return "quality-by-rank" + (task.isEmpty() ? "" : "-" + task) + ".svg";
    }

    static String svg(Comparison comparison) {
        try {
            return new RankCurves(comparison).draw();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("Text is always written to memory", e);
        }
    }

    private Stream<Sample> samples() {
        return comparison.lines().stream().flatMap(line -> line.byRank().values().stream());
    }

    private double drawn(Sample sample) {
        return comparison.metric().factor() * sample.mean();
    }

    private double lower(Sample sample) {
        return comparison.metric().factor() * (sample.mean() - halfWidth(sample));
    }

    private double upper(Sample sample) {
        return comparison.metric().factor() * (sample.mean() + halfWidth(sample));
    }

    private static double halfWidth(Sample sample) {
        return sample.values().length < 2 ? 0 : sample.halfWidth();
    }

    /** The smallest of 1, 2 and 5 times a power of ten that is not below a distance. */
    private static double tick(double least) {
        double power = Math.pow(10, Math.floor(Math.log10(least)));
        return DoubleStream.of(1, 2, 5)
                .map(factor -> factor * power)
                .filter(step -> step >= least)
                .findFirst()
                .orElse(10 * power);
    }

    private String draw() throws XMLStreamException {
        String title = (comparison.task().isEmpty() ? "" : comparison.task() + ": ") + comparison.metric() + " by rank";
        int letters = comparison.lines().stream()
                .mapToInt(line -> label(line).length())
                .max()
                .orElseThrow();
        int width = LEFT + PLOT_WIDTH + 2 * 24 + LEGEND_SAMPLE + letters * LETTER;
        int height = bottom + BELOW;
        xml.writeStartElement("svg");
        xml.writeDefaultNamespace("http://www.w3.org/2000/svg");
        attributes("viewBox", "0 0 " + width + " " + height, "width", width, "height", height);
        attributes("role", "img", "aria-labelledby", "title");
        element("title", title, "id", "title");
        element("style", STYLE);
        empty("rect", "class", "page", "x", 0.5, "y", 0.5, "width", width - 1, "height", height - 1, "rx", 8);
        element("text", title, "class", "head", "x", 24, "y", 32);
        element("text", subtitle(), "class", "soft", "x", 24, "y", 52);
        axes();
        curves();
        legend();
        xml.writeEndElement();
        xml.writeCharacters("\n");
        xml.flush();
        return text.toString();
    }

    private String subtitle() {
        return samples().anyMatch(sample -> sample.values().length > 1)
                ? "mean over the seeds; band: 95 % interval of the mean by Student's t, cut at the frame"
                : "one seed";
    }

    private void axes() throws XMLStreamException {
        int right = LEFT + PLOT_WIDTH;
        // By whole numbers, since a sum of ticks would drift.
        long steps = Math.round((high - low) / tick);
        String format = tick < 1 ? "%." + (int) Math.ceil(-Math.log10(tick) - 1e-9) + "f" : "%.0f";
        for (long step = 0; step <= steps; step++) {
            double value = low + step * tick;
            empty("line", "class", "grid", "x1", LEFT, "y1", y(value), "x2", right, "y2", y(value));
            element(
                    "text",
                    String.format(Locale.ROOT, format, value),
                    "class",
                    "soft e",
                    "x",
                    LEFT - 8,
                    "y",
                    y(value) + 4);
        }
        double labelled = Double.NEGATIVE_INFINITY;
        for (int rank : ranks) {
            if (x(rank) - labelled >= RANK_LABEL) {
                element("text", Integer.toString(rank), "class", "soft m", "x", x(rank), "y", bottom + 20);
                labelled = x(rank);
            }
        }
        element(
                "text",
                "rank: the first rows of the adapter",
                "class",
                "soft m",
                "x",
                (LEFT + right) / 2,
                "y",
                bottom + 42);
        double middle = (TOP + bottom) / 2.0;
        element(
                "text",
                comparison.metric().label(),
                "class",
                "soft m",
                "transform",
                "translate(18 " + number(middle) + ") rotate(-90)");
    }

    private void curves() throws XMLStreamException {
        xml.writeStartElement("clipPath");
        attributes("id", "frame");
        empty("rect", "x", LEFT, "y", TOP, "width", PLOT_WIDTH, "height", bottom - TOP);
        xml.writeEndElement();
        xml.writeStartElement("g");
        attributes("clip-path", "url(#frame)");
        for (Comparison.Line line : comparison.lines()) {
            band(line);
        }
        xml.writeEndElement();
        for (Comparison.Line line : comparison.lines()) {
            curve(line);
        }
    }

    private void band(Comparison.Line line) throws XMLStreamException {
        List<String> above = new ArrayList<>();
        List<String> below = new ArrayList<>();
        line.byRank().forEach((rank, sample) -> {
            if (sample.values().length > 1) {
                above.add(point(rank, upper(sample)));
                below.add(0, point(rank, lower(sample)));
            }
        });
        if (above.size() == 1) {
            empty("path", "class", "bar " + colour(line), "d", "M" + above.get(0) + " L" + below.get(0));
        } else if (!above.isEmpty()) {
            above.addAll(below);
            empty("polygon", "class", "band " + colour(line), "points", String.join(" ", above));
        }
    }

    private void curve(Comparison.Line line) throws XMLStreamException {
        List<String> points = new ArrayList<>();
        line.byRank().forEach((rank, sample) -> points.add(point(rank, drawn(sample))));
        stroke(line, String.join(" ", points));
        for (Map.Entry<Integer, Sample> entry : line.byRank().entrySet()) {
            mark(line, x(entry.getKey()), y(drawn(entry.getValue())));
        }
    }

    private void legend() throws XMLStreamException {
        int left = LEFT + PLOT_WIDTH + 24;
        for (int i = 0; i < comparison.lines().size(); i++) {
            Comparison.Line line = comparison.lines().get(i);
            double middle = TOP + LEGEND_ROW * (i + 0.5);
            stroke(line, number(left) + "," + number(middle) + " " + number(left + 34) + "," + number(middle));
            mark(line, left + 17, middle);
            element("text", label(line), "x", left + LEGEND_SAMPLE, "y", middle + MARKER);
        }
    }

    private static String label(Comparison.Line line) {
        return line.method() + ", " + Tables.title(line.order());
    }

    private void stroke(Comparison.Line line, String points) throws XMLStreamException {
        empty(
                "polyline",
                "class",
                "curve " + colour(line),
                "stroke-dasharray",
                DASHES.get(line.order()),
                "points",
                points);
    }

    private void mark(Comparison.Line line, double x, double y) throws XMLStreamException {
        empty(
                "path",
                "class",
                "mark " + line.order().key() + " " + colour(line),
                "transform",
                "translate(" + number(x) + " " + number(y) + ")",
                "d",
                MARKERS.get(methods.indexOf(line.method()) % MARKERS.size()));
    }

    private String colour(Comparison.Line line) {
        return "c" + methods.indexOf(line.method()) % COLOURS;
    }

    private String point(int rank, double value) {
        return number(x(rank)) + "," + number(y(value));
    }

    private double x(int rank) {
        int first = ranks[0];
        int last = ranks[ranks.length - 1];
        int room = 16;
        return first == last
                ? LEFT + PLOT_WIDTH / 2.0
                : LEFT + room + (PLOT_WIDTH - 2.0 * room) * (rank - first) / (last - first);
    }

    private double y(double value) {
        return bottom - (value - low) / (high - low) * (bottom - TOP);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private void element(String name, String content, Object... attributes) throws XMLStreamException {
        xml.writeCharacters("\n");
        xml.writeStartElement(name);
        attributes(attributes);
        xml.writeCharacters(content);
        xml.writeEndElement();
    }

    private void empty(String name, Object... attributes) throws XMLStreamException {
        xml.writeCharacters("\n");
        xml.writeEmptyElement(name);
        attributes(attributes);
    }

    /** Names and values in turn. */
    private void attributes(Object... namesAndValues) throws XMLStreamException {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            Object value = namesAndValues[i + 1];
            xml.writeAttribute(
                    namesAndValues[i].toString(), value instanceof Double number ? number(number) : value.toString());
        }
    }
}
