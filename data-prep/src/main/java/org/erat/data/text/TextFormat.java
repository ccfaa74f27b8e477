package org.erat.data.text;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.erat.data.UsageException;

/** How rows of text are written in a file. */
public enum TextFormat {
    /** A row a line, columns separated by tabs; quotes are plain characters. */
    TSV,
    /** RFC 4180: columns separated by commas, quotes around columns that hold commas, quotes or line ends. */
    CSV,
    /** A JSON object a line. */
    JSONL,
    /** Parquet, a file or a folder of files. */
    PARQUET,
    /** The jar of a WordNet dictionary. */
    WORDNET,
    /** The E2E challenge's: CSV, or lines of {@code mr||ref}. */
    E2E,
    /** WebNLG's XML. */
    WEBNLG;

    private static final List<TextFormat> TABLES = List.of(TSV, CSV, JSONL, PARQUET);

    /** The format of a table that a user names, {@code tsv}, {@code csv}, {@code jsonl} or {@code parquet}. */
    public static TextFormat ofTable(String name) {
        return TABLES.stream()
                .filter(format -> format.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException(
                        String.format("'%s' is not a format: give tsv, csv, jsonl or parquet", name)));
    }

    /** The format of a table that the ending of a file says, with or without that of a compression. */
    static Optional<TextFormat> ofEnding(String file) {
        String name = SplitRule.withoutCompression(file);
        return TABLES.stream()
                .filter(format -> format.endings().stream().anyMatch(name::endsWith))
                .findFirst();
    }

    /** How names of such files end. */
    List<String> endings() {
        return switch (this) {
            case TSV -> List.of(".tsv");
            case CSV -> List.of(".csv");
            case JSONL -> List.of(".jsonl", ".json", ".ndjson");
            case PARQUET -> List.of(".parquet", ".pq");
            case WORDNET -> List.of(".jar");
            case E2E -> List.of(".csv", ".txt");
            case WEBNLG -> List.of(".xml");
        };
    }

    /** Whether a split is all files of a folder, whatever they are called. */
    boolean hasManyFiles() {
        return this == WEBNLG;
    }

    /** Whether the columns have names only if the file's first row says so. */
    public boolean hasOptionalHeader() {
        return this == TSV || this == CSV;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
