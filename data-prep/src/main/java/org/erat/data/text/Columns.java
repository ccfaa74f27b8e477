package org.erat.data.text;

import java.io.IOException;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.lang3.StringUtils;
import org.erat.data.BadInputException;
import org.erat.data.JsonFields;
import org.erat.data.NearestName;

/**
 * Where a task's columns are in the rows of one TSV or CSV file.
 *
 * @param columns what they are
 * @param width number of columns of every row
 * @param text index of the text
 * @param pair index of the second text, or -1
 * @param label index of the label, or -1
 * @param kept indices of the columns that are kept, by name
 */
record Columns(TextColumns columns, int width, int text, int pair, int label, Map<String, Integer> kept) {
    /** A file with other line ends, or none, shows as one long row of columns. */
    private static final int MOST_NAMED = 30;

    /** Characters that separate columns, in words. */
    private static final Map<Character, String> SEPARATORS =
            Map.of(',', "commas", '\t', "tabs", ';', "';'", '|', "'|'");

    private static final String NAME_ANOTHER = ". Name another column, or add it";

    /** Finds the columns by the names in the header of {@code file}. */
    static Columns named(TextTask task, KeptColumns keep, List<String> header, Utf8Lines file) throws IOException {
        Map<String, Integer> kept = new LinkedHashMap<>();
        for (String name : keep.all() ? header : keep.names()) {
            kept.put(name, indexOf(task, name, header, file));
        }
        return new Columns(
                task.columns(),
                header.size(),
                indexOf(task, task.text(), header, file),
                task.textPair() == null ? -1 : indexOf(task, task.textPair(), header, file),
                task.label() == null ? -1 : indexOf(task, task.label(), header, file),
                kept);
    }

    /** Takes the columns as numbers; every row of {@code file} is as wide as its first. */
    static Columns numbered(TextTask task, KeptColumns keep, int width, Utf8Lines file) throws IOException {
        List<String> all = IntStream.range(0, width).mapToObj(Integer::toString).toList();
        Map<String, Integer> kept = new LinkedHashMap<>();
        for (String name : keep.all() ? all : keep.names()) {
            kept.put(name, number(task, name, width, file));
        }
        return new Columns(
                task.columns(),
                width,
                number(task, task.text(), width, file),
                task.textPair() == null ? -1 : number(task, task.textPair(), width, file),
                task.label() == null ? -1 : number(task, task.label(), width, file),
                kept);
    }

    /** The row of these cells. */
    TextRow row(List<String> cells) {
        TextRow row = textRow(cells);
        if (kept.isEmpty()) {
            return row;
        }
        Map<String, String> columns = new LinkedHashMap<>();
        kept.forEach((name, index) -> columns.put(name, JsonFields.ofText(cells.get(index))));
        return row.keeping(columns);
    }

    private TextRow textRow(List<String> cells) {
        String second = pair < 0 ? null : cells.get(pair);
        if (columns instanceof TextColumns.OfLabelSet sets) {
            return TextRow.ofLabelSet(cells.get(text), second, label < 0 ? List.of() : sets.split(cells.get(label)));
        }
        return TextRow.of(cells.get(text), second, label < 0 ? null : cells.get(label));
    }

    /** Complains that a row is not {@link #width} wide. */
    BadInputException wrongWidth(int found, String place, String cause) {
        return new BadInputException(String.format(
                "%s: %d column%s, where the first line has %d; mend or delete the line (%s)",
                place, found, found == 1 ? "" : "s", width, cause));
    }

    /** Complains that there is no such column. */
    static BadInputException missing(String column, List<String> names, String place) {
        return new BadInputException(lack(column, names, place) + NAME_ANOTHER);
    }

    private static String lack(String column, List<String> names, String place) {
        return String.format(
                "%s has no column '%s'%s. Its columns are %s",
                place, column, NearestName.hint(column, names), quoted(names));
    }

    private static int indexOf(TextTask task, String column, List<String> header, Utf8Lines file) throws IOException {
        int index = header.indexOf(column);
        if (index < 0) {
            throw new MissingColumnException(file.file(), lack(column, header, file.file()), fix(task, file));
        }
        if (Collections.frequency(header, column) > 1) {
            throw new BadInputException(String.format(
                    "%s has more than one column '%s': rename all but one in its first line", file.file(), column));
        }
        return index;
    }

    private static int number(TextTask task, String column, int width, Utf8Lines file) throws IOException {
        int index = Integer.parseInt(column);
        if (index >= width) {
            throw new BadInputException(String.format(
                    "%s has no column %d: its first line has columns 0 to %d%s",
                    file.file(), index, width - 1, fix(task, file)));
        }
        return index;
    }

    private static String fix(TextTask task, Utf8Lines file) throws IOException {
        String hint = separatorHint(task, file.head());
        if (!hint.isEmpty()) {
            return hint;
        }
        return task.isCustom() ? NAME_ANOTHER : ". Is the file that of task " + task.name() + "?";
    }

    /** What to say where the columns seem to be separated by another character than the format's; else nothing. */
    static String separatorHint(TextTask task, String head) {
        String first = head.lines().filter(line -> !line.isBlank()).findFirst().orElse("");
        int own = StringUtils.countMatches(first, task.format() == TextFormat.TSV ? '\t' : ',');
        return SEPARATORS.keySet().stream()
                .filter(each -> StringUtils.countMatches(first, each) > own)
                .max(Comparator.comparingInt(each -> StringUtils.countMatches(first, each)))
                .map(each -> String.format(
                        ". The columns seem to be separated by %s: %s",
                        SEPARATORS.get(each), task.isCustom() ? otherFormat(each) : "save the file with tabs"))
                .orElse("");
    }

    private static String otherFormat(char separator) {
        return switch (separator) {
            case ',' -> "give --format csv";
            case '\t' -> "give --format tsv";
            default -> "save the file with commas for --format csv, or with tabs for --format tsv";
        };
    }

    private static String quoted(List<String> names) {
        if (names.isEmpty()) {
            return "none";
        }
        int more = names.size() - MOST_NAMED;
        return "'" + String.join("', '", names.subList(0, Math.min(names.size(), MOST_NAMED))) + "'"
                + (more > 0 ? " and " + more + " more" : "");
    }
}
