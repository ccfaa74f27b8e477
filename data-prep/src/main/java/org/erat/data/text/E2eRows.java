package org.erat.data.text;

import java.io.IOException;
import org.erat.data.BadInputException;

/**
 * Meaning representations of the E2E challenge with their references, a pair a line: {@code mr||ref}. The challenge's own
 * CSV files are read by {@link CsvRows}.
 */
final class E2eRows implements TextRows {
    private static final String BETWEEN = "||";

    private final Utf8Lines lines;

    private E2eRows(Utf8Lines lines) {
        this.lines = lines;
    }

    /** The rows of a file of either kind, which its first line tells. */
    static TextRows of(TextTask task, Utf8Lines lines) throws IOException {
        String first = lines.head().lines().findFirst().orElse("");
        return first.contains(BETWEEN) ? new E2eRows(lines) : new CsvRows(task, KeptColumns.NONE, lines);
    }

    @Override
    public TextRow read() throws IOException {
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (line.isBlank()) {
                continue;
            }
            String[] parts = line.strip().split("\\|\\|", -1);
            if (parts.length != 2) {
                throw new BadInputException(String.format(
                        "%s: %d texts, where a meaning representation and its reference stand with || between them; mend"
                                + " or delete the line",
                        place(), parts.length));
            }
            return TextRow.of(parts[0].strip(), parts[1].strip(), null);
        }
        return null;
    }

    @Override
    public String place() {
        return lines.file() + ", line " + lines.lineNumber();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
