package org.erat.inference;

import java.util.Locale;
import org.apache.hadoop.fs.Path;
import org.erat.data.UsageException;

/** How predictions are written. */
enum PredictionFormat {
    /** A JSON object a line. */
    JSONL,
    /** RFC 4180 with a header and line ends of Unix. */
    CSV,
    /** A folder of Parquet files, in order. */
    PARQUET;

    /**
     * The format that the ending of a file says; JSON lines without an ending.
     *
     * @throws UsageException if it says another one
     */
    static PredictionFormat of(Path file) {
        String name = file.getName();
        int dot = name.lastIndexOf('.');
        return switch (dot < 0 ? "" : name.substring(dot).toLowerCase(Locale.ROOT)) {
            case "", ".jsonl", ".json", ".ndjson" -> JSONL;
            case ".csv" -> CSV;
            case ".parquet" -> PARQUET;
            default ->
                throw new UsageException("--out " + file + " ends in " + name.substring(dot)
                        + ", which predict does not write. Name a file that ends in .jsonl, .csv or .parquet.");
        };
    }
}
