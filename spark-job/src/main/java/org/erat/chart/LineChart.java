package org.erat.chart;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Values over whole numbers such as ranks or rounds, or points of a plane, with intervals as bands. Colour, marker and
 * dashes together tell lines apart.
 *
 * @param axes what is drawn over what
 * @param lines at least one, of which one at least has a point; points that are not finite are left out
 * @param highlight a point to look at first
 */
public record LineChart(Axes axes, List<Line> lines, Optional<Highlight> highlight) {
    private static final int LEGEND_ROW = 22;
    private static final int LEGEND_SAMPLE = 44;

    /** No letter of the usual fonts is wider on average, at 12 pixels. */
    private static final double LETTER = 8;

    /** An average one. */
    private static final double USUAL_LETTER = 6.4;

    private static final int LABEL = 28;
    private static final int BASELINE = 4;
    private static final int ROOM = 16;

    /** More points than these have no markers of their own. */
    private static final int MOST_MARKED = 40;

    /** Paths around the origin. As many as are no multiple of the colours, so that the pairs repeat late. */
    private static final List<String> MARKERS = List.of(
            "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
            "M-3.5 -3.5h7v7h-7z",
            "M0 -4.6l4.6 8h-9.2z",
            "M0 -5l5 5l-5 5l-5 -5z",
            "M0 4.6l4.6 -8h-9.2z",
            "M-4.5 0h9M0 -4.5v9",
            "M-3.6 -3.6l7.2 7.2M3.6 -3.6l-7.2 7.2");

    private static final String DOT = "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z";

    public LineChart {
        lines = lines.stream().map(Line::ofFinitePoints).toList();
    }

    /**
     * What is drawn over what.
     *
     * @param x what the horizontal axis shows, with its unit
     * @param y the same of the vertical one
     * @param logarithmic whether the vertical axis is
     * @param leastSpan of the vertical axis on each side, where values are alike
     */
    public record Axes(String x, String y, boolean logarithmic, double leastSpan) {}

    /** A point to look at first, with what to know of it. */
    public record Highlight(double x, double y, String label) {}

    /**
     * A point.
     *
     * @param low lower bound of its interval, {@code y} if it has none
     * @param high upper bound
     * @param hover what a reader who points at it sees; empty for nothing
     */
    public record Point(double x, double y, double low, double high, String hover) {
        /** A point without an interval. */
        public static Point of(double x, double y, String hover) {
            return new Point(x, y, y, y, hover);
        }

        private boolean hasInterval() {
            return low < y || high > y;
        }
    }

    /** How a line is drawn. */
    public enum Stroke {
        SOLID("none"),
        DASHED("7 4"),
        DOTTED("2 3"),
        /** Points alone. */
        NONE("none");

        private final String dashes;

        Stroke(String dashes) {
            this.dashes = dashes;
        }
    }

    /**
     * How a line looks.
     *
     * @param colour number of its colour and of its marker
     * @param filled whether its markers are
     */
    public record Look(int colour, Stroke stroke, boolean filled) {
        private String marker() {
            return MARKERS.get(colour % MARKERS.size());
        }
    }

    /**
     * A line.
     *
     * @param points by ascending x
     */
    public record Line(String name, Look look, List<Point> points) {
        public Line {
            points = List.copyOf(points);
        }

        private Line ofFinitePoints() {
            return new Line(
                    name,
                    look,
                    points.stream()
                            .filter(point -> Double.isFinite(point.x)
                                    && Double.isFinite(point.y)
                                    && Double.isFinite(point.low)
                                    && Double.isFinite(point.high))
                            .toList());
        }
    }

    /** Whether there is a point to draw. */
    public boolean hasPoints() {
        return points().findAny().isPresent();
    }

    private Stream<Point> points() {
        return lines.stream().flatMap(line -> line.points().stream());
    }

    /** Draws it as a file of its own, with a legend beside it. */
    public String file(String title, String subtitle) {
        int letters =
                lines.stream().mapToInt(line -> line.name().length()).max().orElseThrow();
        Frame frame = frame(72, 540, Math.max(260, lines.size() * LEGEND_ROW));
        int width = frame.right() + 2 * 24 + LEGEND_SAMPLE + (int) (letters * LETTER);
        int height = frame.bottom() + 56;
        Markup svg = new Markup();
        svg.openSvg(
                "viewBox",
                "0 0 " + width + " " + height,
                "width",
                width,
                "height",
                height,
                "role",
                "img",
                "aria-labelledby",
                "title");
        svg.element("title", title, "id", "title");
        svg.element("style", Palette.css("svg"));
        svg.empty("rect", "class", "page", "x", 0.5, "y", 0.5, "width", width - 1, "height", height - 1, "rx", 8);
        svg.element("text", title, "class", "head", "x", 24, "y", 32);
        svg.element("text", subtitle, "class", "soft", "x", 24, "y", 52);
        Drawing drawing = new Drawing(svg, frame);
        drawing.plot();
        for (int i = 0; i < lines.size(); i++) {
            drawing.legend(lines.get(i), frame.right() + 24, frame.top() + LEGEND_ROW * (i + 0.5));
        }
        svg.close();
        return svg.toString();
    }

    /**
     * Draws it into a page, with a legend above it.
     *
     * @param title for readers who do not see it
     */
    public void draw(Markup page, String title) {
        List<Entry> legend = lines.size() > 1 ? legend() : List.of();
        int rows = legend.stream().mapToInt(Entry::row).max().orElse(-1) + 1;
        Frame frame = frame(12 + 20 * rows + (highlight.isPresent() ? 14 : 0), 464, 220);
        page.openSvg(
                "viewBox", "0 0 " + ChartSize.WIDTH + " " + (frame.bottom() + 46), "role", "img", "aria-label", title);
        Drawing drawing = new Drawing(page, frame);
        drawing.plot();
        legend.forEach(entry -> drawing.legend(entry.line(), entry.x(), 12 + 20 * entry.row()));
        page.close();
    }

    /** A place of the legend. */
    private record Entry(Line line, int row, double x) {}

    private List<Entry> legend() {
        List<Entry> entries = new ArrayList<>();
        int row = 0;
        double x = 4;
        for (Line line : lines) {
            double width = LEGEND_SAMPLE + line.name().length() * USUAL_LETTER + 12;
            if (x > 4 && x + width > ChartSize.WIDTH) {
                row++;
                x = 4;
            }
            entries.add(new Entry(line, row, x));
            x += width;
        }
        return entries;
    }

    /** A frame with room on its left for the title and the ticks of the vertical axis. */
    private Frame frame(int top, int right, int height) {
        Axis vertical = vertical();
        int letters = vertical.ticks().stream()
                .mapToInt(tick -> vertical.label(tick).length())
                .max()
                .orElse(0);
        int left = Math.max(64, 34 + (int) (letters * LETTER));
        return new Frame(left, top, right - left, height);
    }

    private Axis vertical() {
        double least = points().mapToDouble(Point::y).min().orElse(0);
        double most = points().mapToDouble(Point::y).max().orElse(1);
        double lowest = points().mapToDouble(Point::low).min().orElse(0);
        double highest = points().mapToDouble(Point::high).max().orElse(1);
        if (axes.logarithmic() && least > 0) {
            // Of the bands as much as leaves the curves a third of the height.
            double ratio = Math.max(most / least, 1.01);
            return Axis.logarithmic(Math.max(least / ratio, lowest), Math.min(most * ratio, highest));
        }
        // With values that are alike, or with two seeds, bands may be very wide.
        double span = Math.max(axes.leastSpan(), most - least);
        double from = Math.max(least - span, lowest);
        double to = Math.min(most + span, highest);
        if (to - from < axes.leastSpan()) {
            from -= axes.leastSpan() / 2;
            to += axes.leastSpan() / 2;
        }
        return Axis.linear(from, to);
    }

    /** Where the plot is. */
    private record Frame(int left, int top, int width, int height) {
        int right() {
            return left + width;
        }

        int bottom() {
            return top + height;
        }
    }

    /** A chart in a frame. */
    private final class Drawing {
        private final Markup svg;
        private final Frame frame;
        private final Axis horizontal;
        private final Axis vertical;

        Drawing(Markup svg, Frame frame) {
            this.svg = svg;
            this.frame = frame;
            double first = points().mapToDouble(Point::x).min().orElse(0);
            double last = points().mapToDouble(Point::x).max().orElse(1);
            boolean whole = points().allMatch(point -> point.x() == Math.rint(point.x()));
            this.horizontal = whole ? Axis.whole(first, last, frame.width() / 32) : Axis.linear(first, last);
            this.vertical = vertical();
        }

        void plot() {
            axes();
            // A nested picture cuts what does not fit.
            svg.openSvg(
                    "x",
                    frame.left(),
                    "y",
                    frame.top(),
                    "width",
                    frame.width(),
                    "height",
                    frame.height(),
                    "viewBox",
                    frame.left() + " " + frame.top() + " " + frame.width() + " " + frame.height());
            lines.forEach(this::band);
            svg.close();
            highlight.ifPresent(this::highlight);
            lines.forEach(this::curve);
        }

        private void axes() {
            for (double tick : vertical.ticks()) {
                svg.empty(
                        "line",
                        "class",
                        "grid-line",
                        "x1",
                        frame.left(),
                        "y1",
                        y(tick),
                        "x2",
                        frame.right(),
                        "y2",
                        y(tick));
                svg.element(
                        "text",
                        vertical.label(tick),
                        "class",
                        "soft e",
                        "x",
                        frame.left() - 8,
                        "y",
                        y(tick) + BASELINE);
            }
            double labelled = Double.NEGATIVE_INFINITY;
            for (double tick : horizontal.ticks()) {
                if (x(tick) - labelled >= LABEL) {
                    svg.element(
                            "text", horizontal.label(tick), "class", "soft m", "x", x(tick), "y", frame.bottom() + 18);
                    labelled = x(tick);
                }
            }
            double middle = frame.left() + frame.width() / 2.0;
            svg.element("text", axes.x(), "class", "soft m", "x", middle, "y", frame.bottom() + 38);
            String turned = "translate(14 " + Markup.number(frame.top() + frame.height() / 2.0) + ") rotate(-90)";
            svg.element("text", axes.y(), "class", "soft m", "transform", turned);
        }

        private void band(Line line) {
            List<String> above = new ArrayList<>();
            List<String> below = new ArrayList<>();
            line.points().stream().filter(Point::hasInterval).forEach(point -> {
                above.add(at(point.x(), point.high()));
                below.add(at(point.x(), point.low()));
            });
            String colour = Palette.colour(line.look().colour());
            if (above.size() == 1) {
                svg.empty("path", "class", "bar " + colour, "d", "M" + above.get(0) + " L" + below.get(0));
            } else if (!above.isEmpty()) {
                Collections.reverse(below);
                above.addAll(below);
                svg.empty("polygon", "class", "band " + colour, "points", String.join(" ", above));
            }
        }

        private void highlight(Highlight point) {
            double x = x(point.x());
            double width = point.label().length() * LETTER;
            double from = Math.max(frame.left(), Math.min(x - width / 2, frame.right() - width));
            svg.empty("line", "class", "guide", "x1", x, "y1", frame.top() - 4, "x2", x, "y2", y(point.y()) - 9);
            svg.empty("circle", "class", "ring", "cx", x, "cy", y(point.y()), "r", 9);
            svg.element("text", point.label(), "x", from, "y", frame.top() - 9);
        }

        private void curve(Line line) {
            if (line.look().stroke() == Stroke.NONE) {
                line.points().forEach(point -> shape("dot", DOT, line, point));
                return;
            }
            stroke(
                    line,
                    line.points().stream()
                            .map(point -> at(point.x(), point.y()))
                            .toList());
            if (line.points().size() <= MOST_MARKED) {
                line.points().forEach(point -> mark(line, point));
            } else {
                // They show only under the pointer.
                line.points().forEach(point -> shape("hover", DOT, line, point));
            }
        }

        private void stroke(Line line, List<String> points) {
            String colour = Palette.colour(line.look().colour());
            svg.empty(
                    "polyline",
                    "class",
                    "curve " + colour,
                    "stroke-dasharray",
                    line.look().stroke().dashes,
                    "points",
                    String.join(" ", points));
        }

        private void mark(Line line, Point point) {
            shape(line.look().filled() ? "mark filled" : "mark", line.look().marker(), line, point);
        }

        private void shape(String kind, String path, Line line, Point point) {
            String styles = kind + " " + Palette.colour(line.look().colour());
            String place = "translate(" + Markup.number(x(point.x())) + " " + Markup.number(y(point.y())) + ")";
            if (kind.equals("hover")) {
                svg.open("path", "class", styles, "fill-opacity", 0, "transform", place, "d", path);
            } else {
                svg.open("path", "class", styles, "transform", place, "d", path);
            }
            if (!point.hover().isEmpty()) {
                svg.element("title", point.hover());
            }
            svg.close();
        }

        void legend(Line line, double left, double middle) {
            double centre = left + 17;
            if (line.look().stroke() != Stroke.NONE) {
                stroke(line, List.of(place(left, middle), place(left + 34, middle)));
            }
            String marker =
                    line.look().stroke() == Stroke.NONE ? DOT : line.look().marker();
            String kind =
                    line.look().stroke() == Stroke.NONE ? "dot" : line.look().filled() ? "mark filled" : "mark";
            svg.empty(
                    "path",
                    "class",
                    kind + " " + Palette.colour(line.look().colour()),
                    "transform",
                    "translate(" + Markup.number(centre) + " " + Markup.number(middle) + ")",
                    "d",
                    marker);
            svg.element("text", line.name(), "x", left + LEGEND_SAMPLE, "y", middle + BASELINE);
        }

        private String at(double x, double y) {
            return place(x(x), y(y));
        }

        private String place(double x, double y) {
            return Markup.number(x) + "," + Markup.number(y);
        }

        private double x(double value) {
            return points().mapToDouble(Point::x).distinct().limit(2).count() < 2
                    ? frame.left() + frame.width() / 2.0
                    : frame.left() + ROOM + (frame.width() - 2.0 * ROOM) * horizontal.share(value);
        }

        private double y(double value) {
            return frame.bottom() - vertical.share(value) * frame.height();
        }
    }

    /** Averages neighbours so that at most so many points are left; those of one line in the order of x. */
    public static List<Point> thinned(List<Point> points, int most) {
        if (points.size() <= most) {
            return points;
        }
        List<Point> thin = new ArrayList<>();
        for (int i = 0; i < most; i++) {
            List<Point> group = points.subList(
                    (int) ((long) i * points.size() / most), (int) ((long) (i + 1) * points.size() / most));
            Point last = group.get(group.size() - 1);
            double mean = group.stream().mapToDouble(Point::y).average().orElseThrow();
            thin.add(Point.of(last.x(), mean, last.hover().isEmpty() ? "" : "mean up to " + last.hover()));
        }
        return thin;
    }
}
