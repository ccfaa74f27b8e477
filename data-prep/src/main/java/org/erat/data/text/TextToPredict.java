package org.erat.data.text;

import com.fasterxml.jackson.databind.MappingIterator;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.erat.data.BadInputException;
import org.erat.data.JsonFields;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.tokenized.DatasetDescription;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.SplitSummary;
import org.erat.data.tokenized.TokenizedDataset;

/**
 * Text of which nothing but the predictions is kept. It is read and checked as {@link Tokenization} reads it, one row after
 * the other on the driver, and staged for the executors, which tokenize it in the job that predicts.
 */
public final class TextToPredict implements AutoCloseable {
    private final TokenizedDataset examples;
    private final StructType keptTypes;
    private final StagedData.Text staged;
    private final TokenizationJob.Tokenized tokenized;

    private TextToPredict(
            TokenizedDataset examples,
            StructType keptTypes,
            StagedData.Text staged,
            TokenizationJob.Tokenized tokenized) {
        this.examples = examples;
        this.keptTypes = keptTypes;
        this.staged = staged;
        this.tokenized = tokenized;
    }

    /**
     * What to read.
     *
     * @param task how it is laid out, without labels
     * @param input file or folder
     * @param keep columns to keep
     * @param modelDir folder of the base model
     * @param vocabulary number of token ids that it has embeddings for
     * @param maxLength length in tokens at which examples are cut, special tokens included
     */
    public record Request(
            TextTask task, String input, KeptColumns keep, String modelDir, int vocabulary, int maxLength) {
        /** @throws UsageException if columns are numbers, and one that is to be kept is none */
        public Request {
            if (!task.header()) {
                keep.names().forEach(TextTask::requireNumber);
            }
        }
    }

    /**
     * The format that the names of the files of {@code input} say.
     *
     * @throws BadInputException if it is not there
     * @throws UsageException if they say none, or several
     */
    public static TextFormat format(Configuration hadoop, String input) {
        return InputFiles.format(hadoop, input);
    }

    /**
     * Reads the rows and stages them.
     *
     * @param like what the adapter was trained for
     * @param folder where to; has to be there until the predictions are made
     * @param rowsOfAPart rows of each staged file but the last, see {@link Kept#ofPart}
     * @throws BadInputException if a row cannot be used; names file, line and fix
     * @throws UsageException if {@code maxLength} leaves no room for a text
     * @throws IOException if {@code folder} cannot be written
     */
    public static TextToPredict stage(
            SparkSession spark,
            Request request,
            DatasetDescription like,
            Path folder,
            int rowsOfAPart,
            Consumer<String> progress)
            throws IOException {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        TextTask task = request.task().withClasses(like.labelNames(), like.labelNames());
        TokenizerFile tokenizer = TokenizerFile.read(hadoop, Storage.path(request.modelDir()), request.vocabulary());
        tokenizer.requireRoom(request.maxLength(), task.textPair() != null);
        InputFiles files = InputFiles.find(hadoop, task, request.input(), true, progress);
        LabelCheck check = new LabelCheck(task, false, true);
        RowStaging staging = new RowStaging(spark, task, check, request.keep(), progress);
        StagedText text = new StagedText(folder.getFileSystem(hadoop), folder, task.type(), rowsOfAPart);
        Set<String> kept = new LinkedHashSet<>();
        try (text) {
            staging.stage(
                    files.train(),
                    row -> {
                        if (row.kept() != null) {
                            kept.addAll(row.kept().keySet());
                        }
                        return Split.VALIDATION;
                    },
                    Map.of(Split.VALIDATION, text));
        }
        requireThere(request.keep(), kept, files);
        StagedData.Text staged = StagedData.Text.of(text);
        TokenizationJob.Tokenized tokenized = new TokenizationJob(
                        spark, task, tokenizer, Optional.empty(), request.maxLength(), progress)
                .rows(Split.VALIDATION, staged, check.encoding());
        Manifest manifest = new Manifest(
                Manifest.version(task.type(), false),
                like.task(),
                task.type(),
                like.labelNames(),
                like.metrics(),
                tokenizer.sha256(),
                request.maxLength(),
                request.vocabulary() - 1,
                new SplitSummary(0, 0, 0, 0),
                // Tokens are counted when they are made.
                new SplitSummary(staged.rows(), 0, 0, 0),
                text.contentSha256(),
                request.input(),
                Map.of());
        return new TextToPredict(
                TokenizedDataset.ofRows(
                        request.input(),
                        manifest,
                        spark.createDataFrame(tokenized.rows(), TokenizedDataset.schemaWithText(task.type(), false))),
                staging.keptTypes().orElseGet(() -> texts(request.keep(), kept)),
                staged,
                tokenized);
    }

    private static void requireThere(KeptColumns keep, Set<String> there, InputFiles files) {
        keep.names().stream().filter(name -> !there.contains(name)).findFirst().ifPresent(name -> {
            throw Columns.missing(name, List.copyOf(there), InputFiles.names(files.train()));
        });
    }

    private static StructType texts(KeptColumns keep, Set<String> there) {
        StructType texts = new StructType();
        for (String name : keep.all() ? List.copyOf(there) : keep.names()) {
            texts = texts.add(name, DataTypes.StringType);
        }
        return texts;
    }

    /** The examples, all in the validation split, in the order of the input. */
    public TokenizedDataset examples() {
        return examples;
    }

    /** What was kept of the rows, until this is closed. */
    public Kept kept() {
        return new Kept(new ArrayList<>(staged.parts()), keptTypes, tokenized.hadoop());
    }

    /**
     * Number of examples that were cut, or of words, once predictions are made; no fewer, but more where Spark made some of
     * the tokens again, as those of an executor that was lost.
     */
    public long truncatedAtMost() {
        return tokenized.truncated().value();
    }

    /** Frees what executors have for the tokenization. */
    @Override
    public void close() {
        tokenized.close();
    }

    /**
     * Columns that go along with the rows. Sent to executors.
     *
     * @param parts staged files
     * @param types of the columns, in order; strings where the input does not say types
     * @param hadoop how to read the files
     */
    public record Kept(List<String> parts, StructType types, Broadcast<SerializableConfiguration> hadoop)
            implements Serializable {
        /** How values of the types that JSON does not know are written, as Spark's options of JSON say it. */
        public static final Map<String, String> JSON_OPTIONS = ParquetRows.AS_JSON;

        /** A JSON object for each row of a staged file, in order; null where no columns are kept. Read in a task. */
        public Iterator<String> ofPart(int part) {
            try {
                MappingIterator<StagedText.Row> rows =
                        StagedText.read(hadoop.value().value(), parts.get(part));
                TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> close(rows));
                return new Iterator<>() {
                    @Override
                    public boolean hasNext() {
                        return rows.hasNext();
                    }

                    @Override
                    @Nullable
                    public String next() {
                        Map<String, String> kept = rows.next().kept();
                        return kept == null ? null : JsonFields.object(kept);
                    }
                };
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void close(MappingIterator<StagedText.Row> rows) {
            try {
                rows.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
