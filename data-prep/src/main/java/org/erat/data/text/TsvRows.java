package org.erat.data.text;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** Rows of a file with a row a line and tabs between columns. Quotes are plain characters; blank lines do not count. */
final class TsvRows implements TextRows {
    private final TextTask task;
    private final KeptColumns keep;
    private final Utf8Lines lines;
    private Columns columns;
    private long skipped;

    TsvRows(TextTask task, KeptColumns keep, Utf8Lines lines) {
        this.task = task;
        this.keep = keep;
        this.lines = lines;
    }

    @Override
    public TextRow read() throws IOException {
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (line.isBlank()) {
                continue;
            }
            List<String> cells = Arrays.asList(line.split("\t", -1));
            if (columns == null) {
                if (task.header()) {
                    columns = Columns.named(task, keep, cells, lines);
                    continue;
                }
                columns = Columns.numbered(task, keep, cells.size(), lines);
            }
            if (cells.size() == columns.width()) {
                return columns.row(cells);
            }
            if (cells.size() > columns.width() || !task.skipsShortRows()) {
                throw columns.wrongWidth(
                        cells.size(),
                        place(),
                        "columns are separated by tabs, and a text may hold neither tab nor line end");
            }
            skipped++;
        }
        return null;
    }

    @Override
    public String place() {
        return lines.file() + ", line " + lines.lineNumber();
    }

    @Override
    public long skipped() {
        return skipped;
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
