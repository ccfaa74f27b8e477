package org.erat.data.text;

import java.util.Collections;
import java.util.List;
import org.erat.data.BadInputException;
import org.erat.data.NearestName;

/**
 * Where a task's columns are in the rows of one TSV or CSV file.
 *
 * @param width number of columns of every row
 * @param text index of the text
 * @param pair index of the second text, or -1
 * @param label index of the label, or -1
 */
record Columns(int width, int text, int pair, int label) {
    /** A file with other line ends, or none, shows as one long row of columns. */
    private static final int MOST_NAMED = 30;

    /** Finds the columns by the names in the header of {@code file}. */
    static Columns named(TextTask task, List<String> header, String file) {
        return new Columns(
                header.size(),
                indexOf(task.text(), header, file),
                task.textPair() == null ? -1 : indexOf(task.textPair(), header, file),
                task.label() == null ? -1 : indexOf(task.label(), header, file));
    }

    /** Takes the columns as numbers; every row of {@code file} is as wide as its first. */
    static Columns numbered(TextTask task, int width, String file) {
        return new Columns(
                width,
                number(task.text(), width, file),
                task.textPair() == null ? -1 : number(task.textPair(), width, file),
                task.label() == null ? -1 : number(task.label(), width, file));
    }

    /** The row of these cells. */
    TextRow row(List<String> cells) {
        return TextRow.of(cells.get(text), pair < 0 ? null : cells.get(pair), label < 0 ? null : cells.get(label));
    }

    /** Complains that a row is not {@link #width} wide. */
    BadInputException wrongWidth(int found, String place, String cause) {
        return new BadInputException(String.format(
                "%s: %d column%s, where the first line has %d; mend or delete the line (%s)",
                place, found, found == 1 ? "" : "s", width, cause));
    }

    /** Complains that there is no such column. */
    static BadInputException missing(String column, List<String> names, String file) {
        return new BadInputException(String.format(
                "%s has no column '%s'%s. Its columns are %s",
                file, column, NearestName.hint(column, names), quoted(names)));
    }

    private static int indexOf(String column, List<String> header, String file) {
        int index = header.indexOf(column);
        if (index < 0) {
            throw missing(column, header, file);
        }
        if (Collections.frequency(header, column) > 1) {
            throw new BadInputException(String.format(
                    "%s has more than one column '%s': rename all but one in its first line", file, column));
        }
        return index;
    }

    private static int number(String column, int width, String file) {
        int index = Integer.parseInt(column);
        if (index >= width) {
            throw new BadInputException(
                    String.format("%s has no column %d: its first line has columns 0 to %d", file, index, width - 1));
        }
        return index;
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
