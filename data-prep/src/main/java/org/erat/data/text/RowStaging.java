package org.erat.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.tokenized.Split;

/** Reads rows of text one after the other, on the driver: checks them and stages them for the executors. */
final class RowStaging {
    private static final int ROWS_BETWEEN_REPORTS = 50_000;

    private final SparkSession spark;
    private final TextTask task;
    private final RowCheck check;
    private final KeptColumns keep;
    private final Consumer<String> progress;
    private Optional<StructType> keptTypes = Optional.empty();

    /** @param keep columns that go along with the rows */
    RowStaging(SparkSession spark, TextTask task, RowCheck check, KeptColumns keep, Consumer<String> progress) {
        this.spark = spark;
        this.task = task;
        this.check = check;
        this.keep = keep;
        this.progress = progress;
    }

    /** Types of the columns that are kept, where the files that were read say them. */
    Optional<StructType> keptTypes() {
        return keptTypes;
    }

    /**
     * Stages the rows of all {@code files}.
     *
     * @param splits of the rows
     * @param into what holds each of these splits
     * @throws BadInputException if a row cannot be used, or there are none
     * @throws IOException if a row cannot be written
     */
    void stage(List<Path> files, Function<TextRow, Split> splits, Map<Split, StagedText> into) throws IOException {
        long count = 0;
        if (task.format() == TextFormat.PARQUET) {
            count = stage(new ParquetRows(task, keep, spark, files), splits, into);
        } else {
            for (Path file : files) {
                progress.accept("Reading " + file);
                count += stage(file, splits, into);
            }
        }
        if (count == 0) {
            throw new BadInputException(String.format(
                    "%s has no rows: it is empty, or holds no more than a header", InputFiles.names(files)));
        }
    }

    private long stage(Path file, Function<TextRow, Split> splits, Map<Split, StagedText> into) throws IOException {
        long before = rows(into);
        try {
            return stage(open(file), splits, into);
        } catch (BadInputException e) {
            // What is wrong from the first row on may be no text at all.
            boolean explains = task.format() != TextFormat.WEBNLG && rows(into) == before;
            throw explains ? FileSignature.explain(file.toString(), head(file), e) : e;
        }
    }

    private static long rows(Map<Split, StagedText> into) {
        return into.values().stream().mapToLong(StagedText::rows).sum();
    }

    private long stage(TextRows source, Function<TextRow, Split> splits, Map<Split, StagedText> into)
            throws IOException {
        long count = 0;
        try (TextRows rows = source) {
            for (TextRow row = next(rows); row != null; row = next(rows)) {
                Split split = splits.apply(row);
                Optional<TextRow> checked = check.checked(split, row, rows::place);
                if (checked.isPresent()) {
                    into.get(split).add(checked.get(), rows.place());
                }
                if (++count % ROWS_BETWEEN_REPORTS == 0) {
                    progress.accept(String.format("Read %,d rows, up to %s", count, rows.place()));
                }
            }
            keptTypes = rows.keptTypes();
            if (rows.skipped() > 0) {
                progress.accept(
                        String.format("Left out %,d %s, up to %s", rows.skipped(), rows.skippedAs(), rows.place()));
            }
        }
        return count;
    }

    private TextRows open(Path file) {
        try {
            PlainBytes bytes = bytes(file);
            return switch (task.format()) {
                case TSV -> new TsvRows(task, keep, new Utf8Lines(bytes));
                case CSV -> new CsvRows(task, keep, new Utf8Lines(bytes));
                case JSONL -> new JsonRows(task, keep, new Utf8Lines(bytes));
                case E2E -> E2eRows.of(task, new Utf8Lines(bytes));
                case WEBNLG -> new WebNlgRows(bytes, file.toString());
                case WORDNET -> new WordNetRows(bytes, file.toString(), task.columns());
                case PARQUET -> throw new IllegalStateException("Spark reads Parquet");
            };
        } catch (IOException e) {
            throw unreadable(file.toString(), e);
        }
    }

    /** The first bytes, decompressed; any where they cannot be read. */
    private byte[] head(Path file) {
        try (InputStream bytes = bytes(file)) {
            return bytes.readNBytes(FileSignature.BYTES);
        } catch (IOException | BadInputException e) {
            return new byte[] {' '};
        }
    }

    private PlainBytes bytes(Path file) throws IOException {
        FileSystem fs = file.getFileSystem(spark.sparkContext().hadoopConfiguration());
        return PlainBytes.of(fs.open(file), file.toString());
    }

    /** Keeps failures to read apart from failures to write. */
    private static TextRow next(TextRows rows) {
        try {
            return rows.read();
        } catch (IOException e) {
            throw unreadable(rows.place(), e);
        }
    }

    private static BadInputException unreadable(String place, IOException e) {
        return new BadInputException(String.format("%s cannot be read: %s", place, e.getMessage()), e);
    }
}
