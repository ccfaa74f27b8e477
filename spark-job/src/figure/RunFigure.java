import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.erat.evaluation.Metric;

/**
 * Draws a finished run as an SVG of 800 by 380: the metric by rank, and what crosses the network in a round. All numbers are
 * from the run directory: {@code evaluation.json}, {@code metrics.jsonl} and {@code config.conf}. Started from source by
 * {@code submit/figure}, with the job on the class path, and Typesafe Config, of whose HOCON JSON is a subset.
 */
public final class RunFigure {
    private static final int LEFT = 62;
    private static final int RIGHT = 372;
    private static final int TOP = 92;
    private static final int BOTTOM = 300;

    private final StringBuilder svg = new StringBuilder();

    private RunFigure() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            System.err.println("Usage: submit/figure RUN_DIR OUT.svg");
            System.exit(2);
        }
        Path run = Path.of(arguments[0]);
        try {
            Files.writeString(Path.of(arguments[1]), new RunFigure().draw(run));
        } catch (ConfigException e) {
            System.err.println(
                    "error: " + run + " is not the directory of a finished run: " + e.getMessage() + ". Train it first.");
            System.exit(3);
        }
    }

    /** One point of the curve. */
    private record Point(int rank, double value) {}

    private String draw(Path run) throws IOException {
        Config evaluation = read(run.resolve("evaluation.json"));
        Config settings = read(run.resolve("config.conf"));
        List<Config> rounds = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            rounds.add(ConfigFactory.parseString(line));
        }
        Metric metric = Metric.named(evaluation.getString("metric"), run.resolve("evaluation.json").toString());
        // The first order of the rows that was measured.
        String order = Stream.of("prefix", "canonical", "data_aware")
                .filter(evaluation::hasPath)
                .findFirst()
                .orElseThrow();
        List<Point> points = evaluation.getConfigList(order).stream()
                .map(entry -> new Point(entry.getInt("rank"), entry.getDouble(quoted(metric.toString()))))
                .toList();
        int shards = settings.getInt("training.shards");
        double down = mean(rounds, "bytes_to_each_worker");
        double up = mean(rounds, "bytes_from_all_workers") / shards;
        Path weights = Path.of(settings.getString("model.path")).resolve("model.safetensors");

        begin(metric.toString(), down, up);
        curve(evaluation.getString("task"), metric, evaluation.getDouble(order.equals("prefix") ? "aurac" : order + "_aurac"), points);
        traffic(shards, rounds.size(), down, up, Files.exists(weights) ? megabytes(Files.size(weights)) + ", " : "");
        svg.append("</svg>\n");
        return svg.toString();
    }

    private static Config read(Path file) {
        return ConfigFactory.parseFile(
                file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
    }

    private static String quoted(String key) {
        return '"' + key + '"';
    }

    private static double mean(List<Config> rounds, String key) {
        return rounds.stream().mapToDouble(round -> round.getDouble(key)).average().orElseThrow();
    }

    private static String megabytes(double bytes) {
        return text(bytes < 10e6 ? "%.2f MB" : "%.1f MB", bytes / 1e6);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private void add(String format, Object... values) {
        svg.append(text(format, values)).append('\n');
    }

    private void begin(String metric, double down, double up) {
        svg.append(
                """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 380" width="800" height="380" role="img" aria-labelledby="title">
                """);
        add(
                "<title id=\"title\">Left: %s at every rank of one adapter. Right: a round sends %s to each worker and %s back."
                        + " Base weights and text never cross.</title>",
                metric, megabytes(down), megabytes(up));
        svg.append(
                """
                <style>
                  svg { --page: #ffffff; --box: #f4f6f8; --line: #d0d7de; --text: #1f2328; --soft: #59636e; --a: #0969da; --b: #1a7f37 }
                  @media (prefers-color-scheme: dark) {
                    svg { --page: #0d1117; --box: #161b22; --line: #3d444d; --text: #f0f6fc; --soft: #9198a1; --a: #4493f8; --b: #3fb950 }
                  }
                  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text) }
                  .head { font-size: 15px; font-weight: 600 }
                  .bold { font-weight: 600 }
                  .soft { fill: var(--soft) }
                  .down { fill: var(--a) } .up { fill: var(--b) }
                  .page { fill: var(--page); stroke: var(--line) }
                  .box { fill: var(--box); stroke: var(--line) }
                  .grid { stroke: var(--line) }
                  .curve { fill: none; stroke: var(--a); stroke-width: 2.5; stroke-linejoin: round }
                  .arrow { stroke-width: 2 } .arrow.down { stroke: var(--a) } .arrow.up { stroke: var(--b) }
                  .m { text-anchor: middle } .e { text-anchor: end }
                </style>
                <rect class="page" x="0.5" y="0.5" width="799" height="379" rx="8"/>
                <line class="grid" x1="400.5" y1="24" x2="400.5" y2="356"/>
                """);
    }

    private void write(int x, int y, String styles, String words) {
        add("<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>", x, y, styles, words);
    }

    /** Distance of the lines of the grid: a twentieth for shares, else the next 1, 2 or 5 times a power of ten. */
    private static double tick(Metric metric, double span) {
        if (metric.factor() != 1) {
            return 0.05;
        }
        double power = Math.pow(10, Math.floor(Math.log10(Math.max(span, 1e-3) / 4)));
        return DoubleStream.of(1, 2, 5, 10)
                .map(factor -> factor * power)
                .filter(step -> step >= span / 4)
                .findFirst()
                .orElseThrow();
    }

    private void curve(String task, Metric metric, double aurac, List<Point> points) {
        double least = points.stream().mapToDouble(Point::value).min().orElseThrow();
        double most = points.stream().mapToDouble(Point::value).max().orElseThrow();
        // Room around the curve, so that differences of a fraction of a point look like what they are.
        double tick = tick(metric, most - least);
        double low = Math.max(0, Math.floor((least - tick) / tick + 1e-9) * tick);
        double high = Math.ceil((most + tick) / tick - 1e-9) * tick;
        if (metric.factor() != 1) {
            high = Math.min(1, high);
        }

        write(24, 36, "head", "One adapter, every rank");
        write(24, 56, "soft", text("%s on the validation split of %s, AURAC %.3f", metric, task, aurac));
        for (double value = low; value < high + 1e-9; value += tick) {
            int y = (int) Math.round(BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP));
            add("<line class=\"grid\" x1=\"%d\" y1=\"%d.5\" x2=\"%d\" y2=\"%d.5\"/>", LEFT, y, RIGHT, y);
            write(LEFT - 10, y + 5, "soft e", text("%.2f", value));
        }
        StringBuilder path = new StringBuilder();
        int last = points.get(points.size() - 1).rank();
        int first = points.get(0).rank();
        double step = (RIGHT - LEFT - 40) / (double) Math.max(1, last - first);
        StringBuilder marks = new StringBuilder();
        for (Point point : points) {
            double x = LEFT + 20 + (point.rank() - first) * step;
            double y = BOTTOM - (point.value() - low) / (high - low) * (BOTTOM - TOP);
            path.append(text("%s%.1f %.1f", path.isEmpty() ? "M" : " L", x, y));
            marks.append(text(
                    """
                    <circle class="down" cx="%1$.1f" cy="%2$.1f" r="4"/>
                    <text class="m" x="%1$.1f" y="%3$.1f">%4$s</text>
                    <text class="m soft" x="%1$.1f" y="%5$d">%6$d</text>
                    """,
                    x, y, y - 12, text("%.3f", point.value()).replaceFirst("^0", ""), BOTTOM + 20, point.rank()));
        }
        add("<path class=\"curve\" d=\"%s\"/>", path);
        svg.append(marks);
        write((LEFT + RIGHT) / 2, BOTTOM + 44, "soft m", "rank b: the first b rows of the adapter");
    }

    private void traffic(int shards, int rounds, double down, double up, String weights) {
        write(424, 36, "head", "What crosses the network in a round");
        write(424, 56, "soft", text("mean of %d rounds, %d shard%s", rounds, shards, shards == 1 ? "" : "s"));
        add("<rect class=\"box\" x=\"424.5\" y=\"76.5\" width=\"351\" height=\"46\" rx=\"6\"/>");
        write(600, 96, "bold m", "driver");
        write(600, 113, "soft m", "averages the rows, keeps the schedule");
        List<String> names = shards == 1 ? List.of("shard 1") : List.of("shard 1", "shard " + shards);
        for (int i = 0; i < names.size(); i++) {
            int left = i == 0 ? 424 : 608;
            add("<rect class=\"box\" x=\"%d.5\" y=\"258.5\" width=\"167\" height=\"76\" rx=\"6\"/>", left);
            write(left + 84, 279, "bold m", names.get(i));
            write(left + 84, 296, "soft m", "frozen base weights,");
            write(left + 84, 311, "soft m", weights + "read once");
            write(left + 84, 326, "soft m", "tokenized text");
            int arrows = i == 0 ? 444 : 732;
            arrow(arrows, 124, 252, "down");
            arrow(arrows + 24, 256, 128, "up");
        }
        if (shards > 2) {
            write(600, 300, "soft m", "…");
        }
        write(600, 150, "bold down m", "to each worker: " + megabytes(down));
        write(600, 167, "m", "adapter, head,");
        write(600, 183, "m", "optimizer state, schedule");
        write(600, 213, "bold up m", "back from each shard: " + megabytes(up));
        write(600, 230, "m", "updated rows and head,");
        write(600, 246, "m", "with their optimizer state");
        write(600, 358, "soft m", "Never sent: base weights, text.");
    }

    private void arrow(int x, int from, int to, String kind) {
        int back = from < to ? -8 : 8;
        add("<line class=\"arrow %s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", kind, x, from, x, to + back);
        add("<path class=\"%s\" d=\"M%d %d l-5 %d h10 z\"/>", kind, x, to, back);
    }
}
