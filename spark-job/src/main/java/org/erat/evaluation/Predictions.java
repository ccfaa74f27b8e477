package org.erat.evaluation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.StringWriter;
import java.io.UncheckedIOException;
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
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.AtomicOutput;
import org.erat.export.TrainedAdapter;
import org.erat.schedule.Window;
import scala.Tuple2;

/** What an adapter predicts at one rank, as JSON lines. */
public final class Predictions {
    private static final String WHAT = "predictions";
    private static final JsonFactory JSON = new JsonFactory();

    /** Examples of one partition of the result: what the driver holds at a time. */
    private static final int EXAMPLES_OF_A_PART = 1 << 16;

    private Predictions() {}

    /**
     * Writes a line {@code {"id", "logits", "prediction", "label"}} for each example of a split, in the order of ids, all
     * or nothing; a file that is there is replaced. Prediction and label are the name of a class, or a number, of which
     * the one logit is the prediction itself.
     *
     * @param rank b, 1..R: the prefix [0,b) of the rows is used
     * @param batchSize examples of one mini-batch
     * @param file file to write, on any Hadoop file system
     * @param progress takes a line every few seconds
     * @throws org.erat.data.UsageException if the rank is not in 1..R or the file cannot be written
     * @throws org.erat.data.BadInputException if the data does not belong to the adapter's task and base model
     */
    public static void write(
            SparkSession spark,
            TrainedAdapter adapter,
            TokenizedDataset data,
            Split split,
            int rank,
            int batchSize,
            Path file,
            Consumer<String> progress) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        EvaluationRequest.requireRank(rank, adapter);
        AtomicOutput output = AtomicOutput.at(file, hadoop);
        output.requireFile();
        DataCheck.requireMatch(adapter, data, hadoop);
        ShardInference inference = ShardInference.of(spark, adapter, List.of(new Window(0, rank)), batchSize);
        List<String> names = adapter.labelNames();
        long examples = data.examples(split, 0);
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        JavaPairRDD<Long, String> lines = inference
                .shards(data, split, 0)
                .flatMapToPair(shard -> {
                    Iterator<Tuple2<Long, String>> shardLines = lines(shard, inference, names);
                    done.add(shard.size());
                    return shardLines;
                })
                .repartitionAndSortWithinPartitions(new ById(examples));
        spark.sparkContext().setJobDescription(WHAT + " of " + adapter.task() + " at rank " + rank);
        try {
            // Runs the model; reading the parts one after the other then finds its shuffled output.
            new ExampleProgress(WHAT, done, examples, progress).await(lines.foreachPartitionAsync(part -> {}));
            output.file(out -> writeAll(lines.values().toLocalIterator(), out));
        } finally {
            spark.sparkContext().setJobDescription(null);
            inference.parameters().destroy();
        }
    }

    private static void writeAll(Iterator<String> lines, OutputStream out) throws IOException {
        while (lines.hasNext()) {
            out.write((lines.next() + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    private static Iterator<Tuple2<Long, String>> lines(
            PackedExamples shard, ShardInference inference, List<String> names) {
        List<Tuple2<Long, String>> lines = new ArrayList<>(shard.size());
        inference.run(shard, (window, examples, outputs) -> {
            for (int b = 0; b < examples.length; b++) {
                lines.add(new Tuple2<>(shard.id(examples[b]), line(shard, examples[b], outputs, b, inference, names)));
            }
        });
        return lines.iterator();
    }

    private static String line(
            PackedExamples shard, int example, float[] outputs, int b, ShardInference inference, List<String> names) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("id", shard.id(example));
            json.writeArrayFieldStart("logits");
            for (int c = 0; c < inference.outputs(); c++) {
                json.writeNumber(outputs[b * inference.outputs() + c]);
            }
            json.writeEndArray();
            if (names.isEmpty()) {
                json.writeNumberField("prediction", outputs[b]);
                json.writeNumberField("label", shard.label(example));
            } else {
                json.writeStringField("prediction", names.get(inference.highest(outputs, b)));
                json.writeStringField("label", names.get((int) shard.label(example)));
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("A string takes all that is written to it", e);
        }
        return text.toString();
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
