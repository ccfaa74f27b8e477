package org.erat.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.erat.config.RowOrder;
import org.erat.data.Json;
import org.erat.evaluation.Metric;

/** Comparisons as Markdown for people and JSON for programs. */
final class Tables {
    private static final ObjectMapper JSON = Json.builder().build();
    private static final String NOTHING = "–";

    private Tables() {}

    /**
     * A table for each task, shares × 100.
     *
     * @param failed runs that have failed, with the reason, by folder
     * @param left how many runs have neither finished nor failed
     */
    static String markdown(List<Comparison> comparisons, Map<String, String> failed, int left) {
        List<String> lines = new ArrayList<>();
        for (Comparison comparison : comparisons) {
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
        if (left > 0) {
            lines.add("");
            lines.add("Runs that are not made yet: " + left + ".");
        }
        if (!failed.isEmpty()) {
            lines.add("");
            lines.add("Runs that have failed:");
            lines.add("");
            failed.forEach((run, reason) -> lines.add("- " + run + ": " + reason));
        }
        return String.join("\n", lines) + "\n";
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
        lines.add(row(titles));
        lines.add(row(IntStream.range(0, titles.size())
                .mapToObj(column -> column < 2 ? "---" : "---:")
                .toList()));
        for (Comparison.Line line : comparison.lines()) {
            List<String> cells = new ArrayList<>(List.of(
                    line.method(),
                    title(line.order()),
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

    static String title(RowOrder order) {
        return order == RowOrder.TRAINED ? "as trained" : order.key();
    }

    private static String row(List<String> cells) {
        return cells.stream().collect(Collectors.joining(" | ", "| ", " |"));
    }

    private static String format(double value, Metric metric) {
        return String.format(Locale.ROOT, "%." + metric.decimals() + "f", metric.factor() * value);
    }

    private static String withDeviation(Sample sample, Metric metric) {
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
    static String json(List<Comparison> comparisons, Map<String, String> failed, int left) {
        ObjectNode root = JSON.createObjectNode();
        ArrayNode tasks = root.putArray("tasks");
        for (Comparison comparison : comparisons) {
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
        ObjectNode reasons = root.putObject("failed");
        failed.forEach(reasons::put);
        root.put("not_made", left);
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Text and numbers are always JSON", e);
        }
    }

    private static void put(ObjectNode node, Sample sample) {
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
