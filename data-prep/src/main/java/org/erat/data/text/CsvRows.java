package org.erat.data.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.erat.data.BadInputException;

/** Rows of an RFC 4180 file; quoted columns may hold commas, quotes and line ends. */
final class CsvRows implements TextRows {
    private static final CSVFormat FORMAT =
            CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).build();

    private final TextTask task;
    private final KeptColumns keep;
    private final Utf8Lines lines;
    private final CSVParser parser;
    private final Iterator<CSVRecord> records;
    private Columns columns;
    private long line = 1;

    CsvRows(TextTask task, KeptColumns keep, Utf8Lines lines) throws IOException {
        this.task = task;
        this.keep = keep;
        this.lines = lines;
        this.parser = CSVParser.parse(lines.asReader(), FORMAT);
        this.records = parser.iterator();
    }

    @Override
    public TextRow read() throws IOException {
        for (CSVRecord record = next(); record != null; record = next()) {
            if (columns == null) {
                if (task.header()) {
                    columns = Columns.named(task, keep, record.toList(), lines);
                    continue;
                }
                columns = Columns.numbered(task, keep, record.size(), lines);
            }
            if (record.size() != columns.width()) {
                throw columns.wrongWidth(
                        record.size(), place(), "a text that holds a comma, a quote or a line end must be in quotes");
            }
            return columns.row(record.toList());
        }
        return null;
    }

    /** The cells of the next row, whatever its width, or null after the last. */
    List<String> cells() throws IOException {
        CSVRecord record = next();
        return record == null ? null : record.toList();
    }

    @Override
    public String place() {
        return lines.file() + ", line " + line;
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }

    private CSVRecord next() throws IOException {
        line = parser.getCurrentLineNumber() + 1;
        try {
            return records.hasNext() ? records.next() : null;
        } catch (UncheckedIOException | IllegalStateException e) {
            if (e.getCause() instanceof IOException broken
                    && !String.valueOf(broken.getMessage()).startsWith("(")) {
                throw broken;
            }
            throw new BadInputException(
                    String.format(
                            "%s is not CSV (RFC 4180): in the row that begins there a quote is not closed, or is followed"
                                    + " by text. Close it, and write a quote inside quotes twice%s",
                            place(), columns == null ? Columns.separatorHint(task, lines.head()) : ""),
                    e);
        }
    }
}
