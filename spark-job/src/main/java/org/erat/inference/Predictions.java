package org.erat.inference;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.UsageException;
import org.erat.data.storage.AtomicOutput;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import scala.Tuple2;

/** What an adapter predicts at one rank, as JSON lines. */
public final class Predictions {
    private static final String WHAT = "predictions";

    /** Examples of one partition of the result: what the driver holds at a time. */
    private static final int EXAMPLES_OF_A_PART = 1 << 16;

    private Predictions() {}

    /**
     * Writes a line for each example of a split, in the order of ids, all or nothing; a file that is there is replaced:
     * {@code {"id", "logits", "prediction", "label"}}, where prediction and label are the name of a class, or a number, of
     * which the one logit is the prediction itself; or for words {@code {"id", "words", "predictions", "labels"}}, a name
     * for each word, or null: of a word that was cut away, and for a label that is not known. Data from before words were
     * kept have no {@code words}, and data without labels no {@code label} and {@code labels}.
     *
     * @param rank b, 1..R: the prefix [0,b) of the rows is used
     * @param file file to write, on any Hadoop file system
     * @param progress takes a line every few seconds
     * @throws org.erat.data.UsageException if the rank is not in 1..R or the file cannot be written
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
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        use.adapter().requireRank(rank);
        if (use.adapter().head().predictsTokens()) {
            throw new UsageException("An adapter for " + use.adapter().type()
                    + " predicts the next token and no label. Measure it with evaluate.");
        }
        AtomicOutput output = AtomicOutput.at(file, hadoop);
        output.requireFile();
        use.requireMatch(data, hadoop);
        long examples = data.examples(split, 0);
        boolean labelled = data.manifest().labelled();
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        spark.sparkContext().setJobDescription(WHAT + " of " + use.adapter().task() + " at rank " + rank);
        try (ShardInference inference = ShardInference.of(spark, use, List.of(Selection.prefix(use.adapter(), rank)))) {
            JavaPairRDD<Long, String> lines = inference
                    .shardsWithWords(data, split)
                    .flatMapToPair(shard -> {
                        List<Tuple2<Long, String>> ofShard = lines(shard, inference, labelled);
                        done.add(shard.size());
                        return ofShard.iterator();
                    })
                    .repartitionAndSortWithinPartitions(new ById(examples));
            // Runs the model; reading the parts one after the other then finds its shuffled output.
            new ExampleProgress(WHAT, done, examples, progress).await(lines.foreachPartitionAsync(part -> {}));
            output.file(out -> writeAll(lines.values().toLocalIterator(), out));
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private static void writeAll(Iterator<String> lines, OutputStream out) throws IOException {
        while (lines.hasNext()) {
            out.write((lines.next() + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    private static List<Tuple2<Long, String>> lines(PackedExamples shard, ShardInference inference, boolean labelled) {
        List<String> names = inference.adapter().labelNames();
        List<Tuple2<Long, String>> lines = new ArrayList<>(shard.size());
        inference.run(shard, (selection, example, outputs) -> {
            String line = new PredictionLine(inference, names, labelled, outputs).of(shard, example);
            lines.add(new Tuple2<>(shard.id(example), line));
        });
        return lines;
    }

    /** Ranges of ids, which are 0..n-1. */
    private static final class ById extends Partitioner implements Serializable {
        private static final long serialVersionUID = 1L;

        private final int parts;

        ById(long examples) {
            this.parts = Math.toIntExact((examples + EXAMPLES_OF_A_PART - 1) / EXAMPLES_OF_A_PART);
        }

        @Override
        public int numPartitions() {
            return parts;
        }

        @Override
        public int getPartition(Object key) {
            return (int) ((Long) key / EXAMPLES_OF_A_PART);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ById that && that.parts == parts;
        }

        @Override
        public int hashCode() {
            return parts;
        }
    }
}
