package org.erat.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was measured, as a table for the screen, as Markdown and as JSON. */
final class Report {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final List<String> HEADER =
            List.of("row", "what", "ours: median (min)", "peer: median (min)", "ratio", "to reach");

    private final Map<String, String> machine;
    private final String command;
    private final List<Line> lines = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();

    Report(Map<String, String> machine, String command) {
        this.machine = machine;
        this.command = command;
    }

    void add(Line line) {
        lines.add(line);
    }

    /** A row that was asked for and could not be measured, and why. */
    void skip(String row, String why) {
        skipped.add(row + ": " + why);
    }

    /** One line for the screen while the rest is still being measured. */
    static String brief(Line line) {
        return String.join("  ", cells(line));
    }

    private static List<String> cells(Line line) {
        return List.of(
                line.row(),
                line.what(),
                quantity(line.ours(), line.unit()),
                line.peer() == null ? "" : quantity(line.peer(), line.unit()),
                Double.isNaN(line.ratio()) || line.peer() == null ? "" : number(line.ratio()),
                line.target());
    }

    private static String quantity(Samples samples, String unit) {
        String median = number(samples.median());
        String min = samples.values().size() == 1 ? "" : " (" + number(samples.min()) + ")";
        return median + min + (unit.isEmpty() ? "" : " " + unit);
    }

    /** Three significant digits or more. */
    static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 100 || size == 0 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3g";
        return String.format(Locale.ROOT, format, value);
    }

    /** The table in columns. */
    List<String> table() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADER);
        lines.forEach(line -> rows.add(cells(line)));
        int[] widths = new int[HEADER.size()];
        rows.forEach(row -> {
            for (int c = 0; c < widths.length; c++) {
                widths[c] = Math.max(widths[c], row.get(c).length());
            }
        });
        List<String> table = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder text = new StringBuilder();
            for (int c = 0; c < widths.length; c++) {
                text.append(row.get(c)).append(" ".repeat(widths[c] - row.get(c).length() + 2));
            }
            table.add(text.toString().stripTrailing());
        }
        skipped.forEach(line -> table.add("skipped " + line));
        return table;
    }

    /** Machine, command, table and notes. */
    void writeMarkdown(Path file) throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("    ").append(command).append("\n\n");
        machine.forEach((name, value) ->
                text.append("- ").append(name).append(": ").append(value).append('\n'));
        text.append('\n').append(markdownRow(HEADER));
        text.append("|---".repeat(HEADER.size())).append("|\n");
        lines.forEach(line -> text.append(markdownRow(cells(line))));
        text.append('\n');
        lines.stream().filter(line -> !line.note().isEmpty()).forEach(line -> text.append("- ")
                .append(line.row())
                .append(", ")
                .append(line.what())
                .append(": ")
                .append(line.note())
                .append('\n'));
        skipped.forEach(line -> text.append("- skipped ").append(line).append('\n'));
        Files.writeString(file, text.toString());
    }

    private static String markdownRow(List<String> cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }

    /** Everything, with all samples. */
    void writeJson(Path file) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.put("command", command);
        ObjectNode described = root.putObject("machine");
        machine.forEach(described::put);
        ArrayNode rows = root.putArray("rows");
        for (Line line : lines) {
            ObjectNode row = rows.addObject();
            row.put("row", line.row()).put("what", line.what()).put("unit", line.unit());
            put(row.putObject("ours"), line.ours());
            if (line.peer() != null) {
                put(row.putObject("peer"), line.peer());
            }
            if (!Double.isNaN(line.ratio())) {
                row.put("ratio", line.ratio());
            }
            row.put("target", line.target()).put("note", line.note());
        }
        ArrayNode missing = root.putArray("skipped");
        skipped.forEach(missing::add);
        Files.writeString(file, JSON.writeValueAsString(root) + "\n");
    }

    private static void put(ObjectNode node, Samples samples) {
        node.put("median", samples.median()).put("min", samples.min());
        ArrayNode all = node.putArray("samples");
        samples.values().forEach(all::add);
    }
}
