package org.erat.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.erat.data.Json;
import org.erat.evaluation.Metric;

/** Results as Markdown for people and JSON for programs. */
final class Tables {
    private static final ObjectMapper JSON = Json.builder().build();
    private static final String NOTHING = "–";

    private Tables() {}

    /** A table for each task, and before them what a search found. */
    static String markdown(ExperimentResults results) {
        List<String> lines = new ArrayList<>();
        results.search().ifPresent(search -> lines.addAll(SearchTables.markdown(search)));
        for (Comparison comparison : results.comparisons()) {
            lines.add("## " + (comparison.task().isEmpty() ? "" : comparison.task() + ": ")
                    + comparison.metric().label());
            lines.add("");
            lines.addAll(table(comparison));
            lines.add("");
            lines.add("![" + comparison.metric() + " by rank](" + RankCurves.file(comparison.task()) + ")");
            lines.add("");
        }
        lines.add("AURAC: mean over the seeds ± standard deviation, and the 95 % interval of the mean by Student's t."
                + " Difference: from the baseline with the same seeds, with its 95 % interval; p is corrected by Holm for"
                + " the lines of the task.");
        lines.addAll(markdown("Runs", results.unfinished()));
        return String.join("\n", lines) + "\n";
    }

    /**
     * The runs without a result, after an empty line where there are some.
     *
     * @param what they are called
     */
    static List<String> markdown(String what, ExperimentResults.Unfinished unfinished) {
        List<String> lines = new ArrayList<>();
        if (unfinished.left() > 0) {
            lines.add("");
            lines.add(what + " that are not made yet: " + unfinished.left() + ".");
        }
        if (!unfinished.failed().isEmpty()) {
            lines.add("");
            lines.add(what + " that have failed:");
            lines.add("");
            unfinished.failed().forEach((run, reason) -> lines.add("- " + run + ": " + reason));
        }
        return lines;
    }

    private static List<String> table(Comparison comparison) {
        int[] ranks = comparison.ranks();
        Metric metric = comparison.metric();
        // One decimal more than values have.
        String signed = "%+." + (metric.decimals() + 1) + "f";
        List<String> titles = new ArrayList<>(List.of("method", "order", "seeds"));
        IntStream.of(ranks).forEach(rank -> titles.add("rank " + rank));
        titles.addAll(List.of("AURAC", "95 %", "difference", "95 %", "p", "training"));
        List<String> lines = new ArrayList<>();
        lines.addAll(head(titles, 2));
        for (Comparison.Line line : comparison.lines()) {
            List<String> cells = new ArrayList<>(List.of(
                    line.method(),
                    line.order().title(),
                    Integer.toString(line.aurac().values().length)));
            for (int rank : ranks) {
                cells.add(
                        line.byRank().containsKey(rank)
                                ? format(line.byRank().get(rank).mean(), metric)
                                : NOTHING);
            }
            cells.add(withDeviation(line.aurac(), metric));
            cells.add(interval(line.aurac(), "%." + metric.decimals() + "f", metric));
            cells.add(line.difference()
                    .map(difference -> String.format(Locale.ROOT, signed, metric.factor() * difference.mean()))
                    .orElse(NOTHING));
            cells.add(line.difference()
                    .map(difference -> interval(difference, signed, metric))
                    .orElse(NOTHING));
            cells.add(Double.isNaN(line.chance()) ? NOTHING : String.format(Locale.ROOT, "%.3f", line.chance()));
            cells.add(String.format(Locale.ROOT, "%.0f s", line.seconds().mean()));
            lines.add(row(cells));
        }
        return lines;
    }

    /**
     * The first two lines of a table.
     *
     * @param text how many columns from the left hold text, and no numbers
     */
    static List<String> head(List<String> titles, int text) {
        return List.of(
                row(titles),
                row(IntStream.range(0, titles.size())
                        .mapToObj(column -> column < text ? "---" : "---:")
                        .toList()));
    }

    static String row(List<String> cells) {
        return cells.stream().collect(Collectors.joining(" | ", "| ", " |"));
    }

    private static String format(double value, Metric metric) {
        return String.format(Locale.ROOT, "%." + metric.decimals() + "f", metric.factor() * value);
    }

    static String withDeviation(Sample sample, Metric metric) {
        return format(sample.mean(), metric)
                + (Double.isNaN(sample.deviation()) ? "" : " ± " + format(sample.deviation(), metric));
    }

    private static String interval(Sample sample, String format, Metric metric) {
        return Double.isNaN(sample.halfWidth())
                ? NOTHING
                : String.format(
                        Locale.ROOT,
                        format + " … " + format,
                        metric.factor() * (sample.mean() - sample.halfWidth()),
                        metric.factor() * (sample.mean() + sample.halfWidth()));
    }

    /** All values of all seeds, and what follows from them. What one seed cannot tell is left out. */
    static String json(ExperimentResults results) {
        ObjectNode root = JSON.createObjectNode();
        results.search().ifPresent(search -> SearchTables.put(root.putObject("search"), search));
        ArrayNode tasks = root.putArray("tasks");
        for (Comparison comparison : results.comparisons()) {
            ObjectNode task = tasks.addObject()
                    .put("task", comparison.task())
                    .put("metric", comparison.metric().toString());
            ArrayNode lines = task.putArray("lines");
            for (Comparison.Line line : comparison.lines()) {
                ObjectNode node = lines.addObject()
                        .put("method", line.method())
                        .put("order", line.order().key());
                ObjectNode byRank = node.putObject("mean_by_rank");
                line.byRank().forEach((rank, sample) -> byRank.put(Integer.toString(rank), sample.mean()));
                put(node.putObject("aurac"), line.aurac());
                put(node.putObject("training_seconds"), line.seconds());
                line.difference().ifPresent(difference -> put(node.putObject("difference"), difference));
                putNumber(node, "p_holm", line.chance());
            }
        }
        put(root, results.unfinished());
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Text and numbers are always JSON", e);
        }
    }

    static void put(ObjectNode node, ExperimentResults.Unfinished unfinished) {
        ObjectNode reasons = node.putObject("failed");
        unfinished.failed().forEach(reasons::put);
        node.put("not_made", unfinished.left());
    }

    static void put(ObjectNode node, Sample sample) {
        ArrayNode values = node.putArray("values");
        for (double value : sample.values()) {
            values.add(value);
        }
        node.put("mean", sample.mean());
        putNumber(node, "standard_deviation", sample.deviation());
        putNumber(node, "half_width_95", sample.halfWidth());
    }

    private static void putNumber(ObjectNode node, String key, double value) {
        if (!Double.isNaN(value)) {
            node.put(key, value);
        }
    }
}
