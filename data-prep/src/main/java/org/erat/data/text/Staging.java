package org.erat.data.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;

/** Reads all rows of a data set once, on the driver: checks them, splits them and stages them for the executors. */
record Staging(
        SparkSession spark, TokenizationRequest request, TextTask task, RowCheck check, Consumer<String> progress) {
    /**
     * Stages the text of {@code files} under {@code folder}.
     *
     * @throws BadInputException if a row cannot be used, or a split is empty
     * @throws IOException if {@code folder} cannot be written
     */
    StagedData stage(InputFiles files, FileSystem fs, Path folder) throws IOException {
        boolean splitOff = files.validation().isEmpty();
        StagedText train = staged(fs, folder, Split.TRAIN);
        StagedText validation = staged(fs, folder, Split.VALIDATION);
        Map<Split, StagedText> both = Map.of(Split.TRAIN, train, Split.VALIDATION, validation);
        RowStaging rows = new RowStaging(spark, task, check, KeptColumns.NONE, progress);
        try (train;
                validation) {
            if (request.like().isPresent()) {
                rows.stage(files.train(), row -> Split.VALIDATION, both);
            } else if (splitOff) {
                CountedShare share = new CountedShare(new ValidationShare(request.validationShare(), request.seed()));
                rows.stage(files.train(), row -> share.of(shared(row)), both);
                requireBoth(train.rows(), validation.rows(), share.usable());
                progress.accept(String.format(
                        "No validation file: %,d of %,d rows are split off for validation (--validation-fraction %s), %,d"
                                + " are for training. To measure a model on all rows, give --like with the data that it"
                                + " was trained on",
                        validation.rows(), train.rows() + validation.rows(), request.validationShare(), train.rows()));
            } else {
                rows.stage(files.train(), row -> Split.TRAIN, both);
                rows.stage(files.validation(), row -> Split.VALIDATION, both);
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
                StagedData.Text.of(train),
                StagedData.Text.of(validation),
                test(files.test(), fs, folder),
                encoding,
                Sha256.of((train.contentSha256() + validation.contentSha256()).getBytes(StandardCharsets.UTF_8)));
    }

    /** The test split, where it can be measured on: those of benchmarks may have no labels, or -1 for each. */
    private StagedData.Text test(List<Path> files, FileSystem fs, Path folder) throws IOException {
        if (files.isEmpty()) {
            return StagedData.Text.NONE;
        }
        RowCheck ofTest = check.ofTest();
        StagedText test = staged(fs, folder, Split.TEST);
        try (test) {
            new RowStaging(spark, task, ofTest, KeptColumns.NONE, progress)
                    .stage(files, row -> Split.TEST, Map.of(Split.TEST, test));
        } catch (BadInputException e) {
            if (test.rows() > 0) {
                throw e;
            }
            return withoutTest(e.getMessage());
        }
        Optional<String> unmeasurable = ofTest.unmeasurable();
        if (unmeasurable.isPresent()) {
            return withoutTest(unmeasurable.get());
        }
        if (task.type() == TaskType.LANGUAGE_MODELING) {
            ofTest.report().forEach(progress);
        }
        return StagedData.Text.of(test);
    }

    private StagedData.Text withoutTest(String why) {
        progress.accept("The test split is left out, since there is nothing to measure on: " + why);
        return StagedData.Text.NONE;
    }

    private StagedText staged(FileSystem fs, Path folder, Split split) {
        return new StagedText(fs, new Path(folder, split.directory()), task.type(), StagedText.ROWS_PER_PART);
    }

    /** What decides the split of a row: of prompts not the completion, so that all completions of one share its split. */
    private TextRow shared(TextRow row) {
        return task.columns() instanceof TextColumns.OfPrompt
                ? new TextRow(row.texts().subList(0, 1), row.labels())
                : row;
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
