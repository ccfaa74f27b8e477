package org.erat.data.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.tokenized.Split;

/** Reads all rows of a data set once, on the driver: checks them, splits them and stages them for the executors. */
record Staging(SparkSession spark, TokenizationRequest request, Consumer<String> progress) {
    private static final int ROWS_BETWEEN_REPORTS = 50_000;

    /**
     * Stages the text of {@code files} under {@code folder}.
     *
     * @throws BadInputException if a row cannot be used, or a split is empty
     * @throws IOException if {@code folder} cannot be written
     */
    StagedData stage(InputFiles files, FileSystem fs, Path folder) throws IOException {
        LabelCheck labels = new LabelCheck(request.task(), files.validation() == null);
        boolean perToken = request.task().type().perToken();
        StagedText train = new StagedText(fs, new Path(folder, Split.TRAIN.directory()), perToken);
        StagedText validation = new StagedText(fs, new Path(folder, Split.VALIDATION.directory()), perToken);
        try (train;
                validation) {
            if (files.validation() == null) {
                ValidationShare share = new ValidationShare(request.validationShare(), request.seed());
                stage(files.train(), labels, share::of, train, validation);
                requireBoth(train.rows(), validation.rows(), files.train());
            } else {
                stage(files.train(), labels, row -> Split.TRAIN, train, validation);
                stage(files.validation(), labels, row -> Split.VALIDATION, train, validation);
            }
        }
        return new StagedData(
                new StagedData.Text(train.parts(), train.rows()),
                new StagedData.Text(validation.parts(), validation.rows()),
                labels.encoding(),
                Sha256.of((train.contentSha256() + validation.contentSha256()).getBytes(StandardCharsets.UTF_8)));
    }

    private void stage(
            Path file, LabelCheck labels, Function<TextRow, Split> splits, StagedText train, StagedText validation)
            throws IOException {
        progress.accept("Reading " + file);
        long count = 0;
        try (TextRows rows = open(file)) {
            for (TextRow row = next(rows, file); row != null; row = next(rows, file)) {
                Split split = splits.apply(row);
                (split == Split.TRAIN ? train : validation).add(labels.checked(split, row, rows::place));
                if (++count % ROWS_BETWEEN_REPORTS == 0) {
                    progress.accept(String.format("Read %,d rows of %s", count, file));
                }
            }
            if (rows.skipped() > 0) {
                progress.accept(
                        String.format("Left out %,d rows of %s that have too few columns", rows.skipped(), file));
            }
        }
        if (count == 0) {
            throw new BadInputException(
                    String.format("%s has no rows: it is empty, or holds no more than a header", file));
        }
    }

    private TextRows open(Path file) {
        try {
            return InputFiles.open(spark, request.task(), file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Keeps failures to read apart from failures to write. */
    private static TextRow next(TextRows rows, Path file) {
        try {
            return rows.read();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static BadInputException unreadable(Path file, IOException e) {
        return new BadInputException(String.format("%s cannot be read: %s", file, e.getMessage()), e);
    }

    private void requireBoth(long train, long validation, Path file) {
        if (train == 0 || validation == 0) {
            throw new BadInputException(String.format(
                    "%s has %d rows; with a share of %s for validation, %d are left for training and %d for validation:"
                            + " give more rows, another share, or a folder with a file for each",
                    file, train + validation, request.validationShare(), train, validation));
        }
    }
}
