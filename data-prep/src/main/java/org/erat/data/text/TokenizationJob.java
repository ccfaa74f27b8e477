package org.erat.data.text;

import static org.apache.spark.sql.functions.array_max;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;

import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.erat.data.storage.ExactPaths;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.SplitSummary;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;

/**
 * The Spark job that tokenizes staged text into Parquet files.
 *
 * @param prompts how prompts and completions are tokenized, where the rows are such
 * @param maxLength length in tokens at which examples are cut
 */
record TokenizationJob(
        SparkSession spark,
        TextTask task,
        TokenizerFile tokenizerFile,
        Optional<PromptEncoder.Settings> prompts,
        int maxLength,
        Consumer<String> progress) {

    /**
     * What was written of one split.
     *
     * @param targets number of tokens to predict; 0 where targets do not belong to tokens
     */
    record Written(SplitSummary summary, int highestTokenId, long targets) {}

    /**
     * Rows that are tokenized when they are read. One staged file is one partition: ids ascend inside of partitions and from
     * partition to partition.
     *
     * @param rows of {@link TokenizedDataset#schemaWithText}, with Java arrays for lists
     * @param truncated counts what is cut
     * @param leftOut counts the examples that leave nothing to predict
     * @param tokenizer what executors have until this is closed
     * @param hadoop how they read staged files until then
     */
    record Tokenized(
            JavaRDD<Row> rows,
            LongAccumulator truncated,
            LongAccumulator leftOut,
            Broadcast<byte[]> tokenizer,
            Broadcast<SerializableConfiguration> hadoop)
            implements AutoCloseable {
        @Override
        public void close() {
            tokenizer.destroy();
            hadoop.destroy();
        }
    }

    /** Tokenizes the rows of one split; nothing runs yet. */
    Tokenized rows(Split split, StagedData.Text text, LabelEncoding labels) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<byte[]> tokenizer = context.broadcast(tokenizerFile.bytes());
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        LongAccumulator truncated = spark.sparkContext().longAccumulator("truncated");
        LongAccumulator leftOut = spark.sparkContext().longAccumulator("left out");
        PromptEncoder.Settings promptSettings = prompts.orElse(null);
        int length = maxLength;
        boolean byteLevel = tokenizerFile.byteLevel();
        JavaRDD<Row> rows = context.parallelize(
                        text.parts(), Math.max(1, text.parts().size()))
                .flatMap(part -> {
                    byte[] file = tokenizer.value();
                    RowEncoder encoder = promptSettings != null
                            ? new PromptEncoder(TokenizerFile.openWhole(file), promptSettings, truncated, leftOut)
                            : labels.type().hasWords()
                                    ? new WordEncoder(
                                            TokenizerFile.open(file, length), byteLevel, labels, split, truncated)
                                    : new TextEncoder(TokenizerFile.open(file, length), labels, truncated);
                    return new TokenizedPart(StagedText.read(hadoop.value().value(), part), encoder);
                });
        return new Tokenized(rows, truncated, leftOut, tokenizer, hadoop);
    }

    /** Tokenizes one split into its folder inside {@code dataset}. */
    Written run(Split split, StagedData.Text text, LabelEncoding labels, Path dataset) {
        String place = new Path(dataset, split.directory()).toString();
        try (Tokenized tokenized = rows(split, text, labels)) {
            // Exact in spite of retries: there is no shuffle, and Spark counts each task of a last stage once.
            LongAccumulator truncated = tokenized.truncated();
            LongAccumulator leftOut = tokenized.leftOut();
            JavaRDD<Row> rows = tokenized.rows();
            WatchedJob.run(spark, String.format("Tokenizing %,d %s examples", text.rows(), split), progress, () -> {
                JavaRDD<Row> numbered = task.languageModeling().skipsUnusable() ? numbered(rows) : rows;
                // Numbering the rows ran the tasks before.
                truncated.reset();
                leftOut.reset();
                spark.createDataFrame(numbered, TokenizedDataset.schemaWithText(task.type(), task.labelled()))
                        .write()
                        .parquet(place);
            });
            Written written = written(place, text.rows() - leftOut.value(), truncated.value());
            SplitSummary summary = written.summary();
            if (leftOut.value() > 0) {
                progress.accept(String.format(
                        "Left out %,d %s examples whose prompts leave nothing to predict", leftOut.value(), split));
            }
            if (text.rows() == 0) {
                return written;
            }
            progress.accept(String.format(
                    "Tokenized %,d %s examples: %,d tokens%s, the longest %d, %,d %s at %d",
                    summary.examples(),
                    split,
                    summary.tokens(),
                    task.type() == TaskType.LANGUAGE_MODELING
                            ? String.format(" (%,d to predict)", written.targets())
                            : "",
                    summary.longest(),
                    summary.truncated(),
                    task.type().hasWords() ? "words cut away" : "cut",
                    maxLength));
            return written;
        }
    }

    /** Counts what is in the files, so that the manifest states what was written and not what was meant to be. */
    private Written written(String place, long expected, long truncated) {
        Row[] counts = new Row[1];
        WatchedJob.run(
                spark,
                "Counting tokens",
                progress,
                () -> counts[0] = ExactPaths.reader(spark)
                        .schema(TokenizedDataset.schemaWithText(task.type(), task.labelled()))
                        .parquet(place)
                        .agg(
                                count(lit(1)),
                                sum(size(col(TokenizedDataset.INPUT_IDS))),
                                max(size(col(TokenizedDataset.INPUT_IDS))),
                                max(array_max(col(TokenizedDataset.INPUT_IDS))),
                                sum(
                                        task.type().perToken()
                                                ? size(filter(col(TokenizedDataset.LABEL), TokenizationJob::isTarget))
                                                : lit(0)))
                        .head());
        if (counts[0].getLong(0) != expected) {
            throw new IllegalStateException(
                    String.format("%s holds %d examples of %d", place, counts[0].getLong(0), expected));
        }
        if (expected == 0) {
            return new Written(new SplitSummary(0, 0, 0, 0), 0, 0);
        }
        SplitSummary summary = new SplitSummary(expected, counts[0].getLong(1), counts[0].getInt(2), truncated);
        return new Written(summary, counts[0].getInt(3), counts[0].getLong(4));
    }

    private static Column isTarget(Column label) {
        return label.notEqual(lit(Targets.NONE));
    }

    /** The rows with new ids without gaps, in the same order. */
    private static JavaRDD<Row> numbered(JavaRDD<Row> rows) {
        return rows.zipWithIndex().map(numbered -> {
            Object[] values = new Object[numbered._1().size()];
            for (int column = 0; column < values.length; column++) {
                values[column] = numbered._1().get(column);
            }
            values[0] = numbered._2();
            return RowFactory.create(values);
        });
    }
}
