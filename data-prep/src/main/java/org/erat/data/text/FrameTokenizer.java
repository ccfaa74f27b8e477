package org.erat.data.text;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.storage.Storage;
import org.erat.data.tokenized.DatasetDescription;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;

/** Tokenizes rows of a DataFrame in the tasks that read them. It is sent to executors, which {@linkplain #open open} it. */
public final class FrameTokenizer implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String PLACE = "DataFrame";

    private final Parts parts;

    private FrameTokenizer(Parts parts) {
        this.parts = parts;
    }

    /**
     * All of it; a record, since Spark's Kryo cannot set the fields of lists that do not change.
     *
     * @param prompts of language modeling only
     */
    private record Parts(
            byte[] file,
            String sha256,
            boolean byteLevel,
            LabelEncoding labels,
            int maxLength,
            List<String> metrics,
            @Nullable PromptEncoder.Settings prompts)
            implements Serializable {}

    /**
     * What is tokenized, and for which model.
     *
     * @param modelDir folder of the base model
     * @param vocabulary number of token ids that it has embeddings for
     * @param classes names of the classes in the order of their indices, as {@link Text} has them; empty where the task has
     *     none
     * @param pair whether an example is two texts
     * @param maxLength length in tokens at which examples are cut, special tokens included
     */
    public record Request(
            String modelDir, int vocabulary, TaskType type, List<String> classes, boolean pair, int maxLength) {}

    /**
     * An example before tokenization.
     *
     * @param texts the text, the text and a second one, the words of a token classification, or prompt and completion
     * @param labels the label, or one for each word; empty where they are not known, and of language modeling
     */
    public record Text(List<String> texts, List<String> labels) {}

    /**
     * Reads the tokenizer of a base model.
     *
     * @throws org.erat.data.BadInputException if there is none, or it cannot be used
     * @throws org.erat.data.UsageException if {@code maxLength} leaves no room for a text
     */
    public static FrameTokenizer read(Configuration hadoop, Request request) {
        org.apache.hadoop.fs.Path folder = Storage.path(request.modelDir());
        TokenizerFile tokenizer = TokenizerFile.read(hadoop, folder, request.vocabulary());
        TextTask task = task(request.type());
        PromptEncoder.Settings prompts = null;
        if (request.type() == TaskType.LANGUAGE_MODELING) {
            prompts = Prompts.of(task, tokenizer, TokenizerSettings.read(hadoop, folder), request.maxLength())
                    .encoding();
        } else {
            tokenizer.requireRoom(request.maxLength(), request.pair());
        }
        Map<String, Integer> indices = new LinkedHashMap<>();
        request.classes().forEach(name -> indices.put(name, indices.size()));
        return new FrameTokenizer(new Parts(
                tokenizer.bytes(),
                tokenizer.sha256(),
                tokenizer.byteLevel(),
                new LabelEncoding(request.type(), List.copyOf(request.classes()), indices),
                request.maxLength(),
                task.metrics(request.classes()),
                prompts));
    }

    private static TextTask task(TaskType type) {
        return switch (type) {
            case CLASSIFICATION, MULTI_LABEL_CLASSIFICATION, REGRESSION ->
                TextTask.custom(TextFormat.PARQUET, true, "text", null, "label", type);
            case TOKEN_CLASSIFICATION -> TextTask.tokenClassification(TextFormat.PARQUET, "text", "label");
            case LANGUAGE_MODELING ->
                TextTask.languageModeling(
                        TextFormat.PARQUET, true, new TextColumns.OfPrompt("text", "label"), LanguageModeling.DEFAULT);
        };
    }

    /** What the examples are, for a data set of them. */
    public DatasetDescription description() {
        LabelEncoding labels = parts.labels();
        return new DatasetDescription(
                task(labels.type()).name(), labels.type(), labels.names(), parts.metrics(), parts.sha256());
    }

    /** Opens it in a task. */
    public Opened open() {
        LabelEncoding labels = parts.labels();
        LongAccumulator uncounted = new LongAccumulator();
        try {
            RowEncoder encoder = parts.prompts() != null
                    ? new PromptEncoder(TokenizerFile.openWhole(parts.file()), parts.prompts(), uncounted, uncounted)
                    : labels.type().hasWords()
                            ? new WordEncoder(
                                    TokenizerFile.open(parts.file(), parts.maxLength()),
                                    parts.byteLevel(),
                                    labels,
                                    Split.TRAIN,
                                    uncounted)
                            : new TextEncoder(TokenizerFile.open(parts.file(), parts.maxLength()), labels, uncounted);
            return new Opened(encoder);
        } catch (IOException e) {
            throw new UncheckedIOException("the tokenizer was read before", e);
        }
    }

    /** A tokenizer in use. Confined to one thread. */
    public static final class Opened implements AutoCloseable {
        private final RowEncoder encoder;

        private Opened(RowEncoder encoder) {
            this.encoder = encoder;
        }

        /**
         * Tokenizes examples.
         *
         * @param examples at least one
         * @return a row for each, with the columns of {@link TokenizedDataset#schemaWithWords} and Java arrays for lists
         * @throws org.erat.data.BadInputException if nothing is left to predict of an example with labels
         */
        public List<Row> tokenized(List<Text> examples) {
            List<StagedText.Row> rows = new ArrayList<>(examples.size());
            for (Text example : examples) {
                rows.add(new StagedText.Row(rows.size(), example.texts(), example.labels(), PLACE, null));
            }
            return encoder.encode(rows);
        }

        @Override
        public void close() {
            encoder.close();
        }
    }
}
