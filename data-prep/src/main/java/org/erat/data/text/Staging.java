package org.erat.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Sha256;
import org.erat.data.tokenized.Split;

/** Reads all rows of a data set once, on the driver: checks them, splits them and stages them for the executors. */
record Staging(
        SparkSession spark, TokenizationRequest request, TextTask task, RowCheck check, Consumer<String> progress) {
    private static final int ROWS_BETWEEN_REPORTS = 50_000;

    /**
     * Stages the text of {@code files} under {@code folder}.
     *
     * @throws BadInputException if a row cannot be used, or a split is empty
     * @throws IOException if {@code folder} cannot be written
     */
    StagedData stage(InputFiles files, FileSystem fs, Path folder) throws IOException {
        boolean splitOff = files.validation().isEmpty();
        boolean list = task.type().perToken();
        StagedText train = new StagedText(fs, new Path(folder, Split.TRAIN.directory()), list);
        StagedText validation = new StagedText(fs, new Path(folder, Split.VALIDATION.directory()), list);
        try (train;
                validation) {
            if (request.like().isPresent()) {
                stage(files.train(), row -> Split.VALIDATION, train, validation);
            } else if (splitOff) {
                CountedShare share = new CountedShare(new ValidationShare(request.validationShare(), request.seed()));
                stage(files.train(), row -> share.of(shared(row)), train, validation);
                requireBoth(train.rows(), validation.rows(), share.usable());
            } else {
                stage(files.train(), row -> Split.TRAIN, train, validation);
                stage(files.validation(), row -> Split.VALIDATION, train, validation);
            }
        } catch (MissingColumnException e) {
            throw e.after(files.train().get(0));
        }
        LabelEncoding encoding = check.encoding();
        check.report().forEach(progress);
        if (request.like().isEmpty() && validation.rows() == 1) {
            progress.accept("warning: the validation split is a single row, which says nothing about a model. Give "
                    + (splitOff ? "a higher --validation-fraction, or " : "") + "more rows");
        }
        return new StagedData(
                new StagedData.Text(train.parts(), train.rows()),
                new StagedData.Text(validation.parts(), validation.rows()),
                encoding,
                Sha256.of((train.contentSha256() + validation.contentSha256()).getBytes(StandardCharsets.UTF_8)));
    }

    /** What decides the split of a row: of prompts not the completion, so that all completions of one share its split. */
    private TextRow shared(TextRow row) {
        return task.columns() instanceof TextColumns.OfPrompt
                ? new TextRow(row.texts().subList(0, 1), row.labels())
                : row;
    }

    /** Stages the rows of all {@code files}. */
    private void stage(List<Path> files, Function<TextRow, Split> splits, StagedText train, StagedText validation)
            throws IOException {
        long count = 0;
        if (task.format() == TextFormat.PARQUET) {
            count = stage(new ParquetRows(task, spark, files), splits, train, validation);
        } else {
            for (Path file : files) {
                progress.accept("Reading " + file);
                count += stage(file, splits, train, validation);
            }
        }
        if (count == 0) {
            throw new BadInputException(String.format(
                    "%s has no rows: it is empty, or holds no more than a header", InputFiles.names(files)));
        }
    }

    private long stage(Path file, Function<TextRow, Split> splits, StagedText train, StagedText validation)
            throws IOException {
        long before = train.rows() + validation.rows();
        try {
            return stage(open(file), splits, train, validation);
        } catch (BadInputException e) {
            // What is wrong from the first row on may be no text at all.
            boolean explains = task.format() != TextFormat.WEBNLG && train.rows() + validation.rows() == before;
            throw explains ? FileSignature.explain(file.toString(), head(file), e) : e;
        }
    }

    private long stage(TextRows source, Function<TextRow, Split> splits, StagedText train, StagedText validation)
            throws IOException {
        long count = 0;
        try (TextRows rows = source) {
            for (TextRow row = next(rows); row != null; row = next(rows)) {
                Split split = splits.apply(row);
                Optional<TextRow> checked = check.checked(split, row, rows::place);
                if (checked.isPresent()) {
                    (split == Split.TRAIN ? train : validation).add(checked.get(), rows.place());
                }
                if (++count % ROWS_BETWEEN_REPORTS == 0) {
                    progress.accept(String.format("Read %,d rows, up to %s", count, rows.place()));
                }
            }
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
                case TSV -> new TsvRows(task, new Utf8Lines(bytes));
                case CSV -> new CsvRows(task, new Utf8Lines(bytes));
                case JSONL -> new JsonRows(task, new Utf8Lines(bytes));
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

    private void requireBoth(long train, long validation, OptionalDouble usable) {
        if (train == 0 || validation == 0) {
            throw new BadInputException(String.format(
                    "%s has %d rows; with a share of %s for validation, %d are left for training and %d for validation:"
                            + " give %smore rows, or a folder with a file for each",
                    request.input(),
                    train + validation,
                    request.validationShare(),
                    train,
                    validation,
                    usable.isPresent() ? "--validation-fraction " + usable.getAsDouble() + ", " : ""));
        }
    }
}
