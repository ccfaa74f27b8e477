package org.erat.inference;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.UsageException;
import org.erat.data.text.TextToPredict;
import org.erat.data.text.TextToPredict.Kept;
import org.erat.data.tokenized.DatasetDescription;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.model.BaseModel;
import scala.Tuple2;

/**
 * What an adapter predicts at one rank: a row for each example, in order. Rows are made on the executors and lie on their
 * disks until they are written; the driver holds some thousands at a time. The file appears whole or not at all, and replaces
 * one that is there. Its ending says the format: {@code .jsonl}, {@code .csv}, or {@code .parquet} for a folder.
 *
 * <p>A row has {@code prediction}, the name of a class or a number, and {@code probabilities} by class; or for words {@code
 * words} and {@code predictions}, a name for each word, or null of a word that was cut away. Data from before words were kept
 * have none.
 */
public final class Predictions {
    private static final String WHAT = "predictions";

    private final SparkSession spark;
    private final AdapterUse use;
    private final int rank;
    private final PredictionOutput output;
    private final Consumer<String> progress;

    private Predictions(SparkSession spark, AdapterUse use, int rank, Path file, Consumer<String> progress) {
        this.spark = spark;
        this.use = use;
        this.rank = rank;
        this.output = PredictionOutput.at(file, spark.sparkContext().hadoopConfiguration());
        this.progress = progress;
    }

    /**
     * Writes what is predicted for a split of a data set; rows have the {@code id} of the example, and {@code label} or
     * {@code labels} where it has some.
     *
     * @param rank b, 1..R: the prefix [0,b) of the rows is used
     * @param file file to write, on any Hadoop file system
     * @param progress takes a line every few seconds
     * @throws UsageException if the rank is not in 1..R or the file cannot be written
     * @throws org.erat.data.BadInputException if the data does not belong to the adapter's task and base model
     */
    public static void write(
            SparkSession spark,
            AdapterUse use,
            TokenizedDataset data,
            Split split,
            int rank,
            Path file,
            Consumer<String> progress) {
        Predictions predictions = new Predictions(spark, use, rank, file, progress);
        predictions.check();
        use.requireMatch(data, predictions.hadoop());
        predictions.write(data, split, predictions.columns(true, data.manifest().labelled()), null);
    }

    /**
     * Writes what is predicted for text; rows have the columns of the input that are to be kept, under their names, and are
     * in the order of the input. The text is staged in a hidden folder beside the file, which executors have to reach.
     *
     * @param text asked for when it is clear that the adapter predicts labels, at this rank, and that the file can be written
     * @param rank b, 1..R: the prefix [0,b) of the rows is used
     * @param file file to write, on any Hadoop file system
     * @param progress takes a line every few seconds
     * @throws UsageException if the rank is not in 1..R, the file cannot be written, two columns had one name, or one is of
     *     a type that the file cannot have
     * @throws org.erat.data.BadInputException if a row cannot be used; names file, line and fix
     */
    public static void write(
            SparkSession spark,
            AdapterUse use,
            Supplier<TextToPredict.Request> text,
            int rank,
            Path file,
            Consumer<String> progress) {
        Predictions predictions = new Predictions(spark, use, rank, file, progress);
        predictions.check();
        TextToPredict.Request request = text.get();
        predictions.output.output().withScratch(folder -> {
            try (TextToPredict staged = TextToPredict.stage(
                    spark, request, predictions.description(), folder, OrderedLines.LINES_OF_A_PART, progress)) {
                predictions.write(staged);
                if (staged.truncatedAtMost() > 0) {
                    progress.accept(String.format(
                            "up to %,d %s at %d tokens",
                            staged.truncatedAtMost(),
                            use.adapter().type().hasWords() ? "words were cut away" : "texts were cut",
                            request.maxLength()));
                }
            }
        });
    }

    private void check() {
        use.adapter().requireRank(rank);
        if (use.adapter().head().predictsTokens()) {
            throw new UsageException(
                    "An adapter for " + use.adapter().type()
                            + " predicts the next token and no label. Measure it with evaluate, or let it write with generate.");
        }
        output.require();
    }

    private Configuration hadoop() {
        return spark.sparkContext().hadoopConfiguration();
    }

    /** What texts are to be predicted of, by the tokenizer of the base model. */
    private DatasetDescription description() {
        TrainedAdapter adapter = use.adapter();
        BaseModel model = BaseModel.describe(use.modelUri(), hadoop());
        return new DatasetDescription(
                adapter.task(), adapter.type(), adapter.labelNames(), adapter.metrics(), model.tokenizerSha256());
    }

    private PredictionColumns columns(boolean withId, boolean labelled) {
        return new PredictionColumns(use.adapter().type(), use.adapter().labelNames(), withId, labelled);
    }

    private void write(TextToPredict staged) {
        use.requireMatch(staged.examples(), hadoop());
        PredictionColumns columns = columns(false, false);
        Kept kept = staged.kept();
        output.requireColumns(kept.types(), columns);
        write(staged.examples(), Split.VALIDATION, columns, kept);
    }

    private void write(TokenizedDataset data, Split split, PredictionColumns columns, @Nullable Kept kept) {
        long examples = data.examples(split, 0);
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        spark.sparkContext().setJobDescription(WHAT + " of " + use.adapter().task() + " at rank " + rank);
        try (ShardInference inference = ShardInference.of(spark, use, List.of(Selection.prefix(use.adapter(), rank)))) {
            JavaPairRDD<Long, String> lines = inference
                    .shardsWithWords(data, split)
                    .flatMapToPair(shard -> {
                        List<Tuple2<Long, String>> ofShard = lines(shard, inference, columns);
                        done.add(shard.size());
                        return ofShard.iterator();
                    });
            output.write(
                    spark,
                    OrderedLines.sorted(lines, examples, new ExampleProgress(WHAT, done, examples, progress)),
                    columns,
                    kept);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private static List<Tuple2<Long, String>> lines(
            PackedExamples shard, ShardInference inference, PredictionColumns columns) {
        List<Tuple2<Long, String>> lines = new ArrayList<>(shard.size());
        inference.run(shard, (selection, example, outputs) -> {
            String line = new PredictionLine(inference, columns, outputs).of(shard, example);
            lines.add(new Tuple2<>(shard.id(example), line));
        });
        return lines;
    }
}
