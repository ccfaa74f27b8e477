package org.erat.evaluation;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.network.EncoderSpec;
import org.erat.schedule.Window;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * Runs an adapter over the examples of one shard, at several selections of its rows. Sent to executors.
 *
 * @param spec {@link EncoderSpec} as JSON
 * @param outputs C
 * @param parameters of the adapter
 * @param windows rows to use, one selection after the other
 * @param batchSize examples of one mini-batch
 */
record ShardInference(String spec, int outputs, Broadcast<float[]> parameters, List<Window> windows, int batchSize)
        implements Serializable {
    /**
     * Batches of one shard. Shards follow from the number of examples alone, so that each example is in the same batch,
     * with the same padding and to the last bit the same outputs, on any cluster; few, so that all cores have work; and
     * enough for batches of like length.
     */
    private static final int BATCHES = 4;

    /** Takes the outputs of a mini-batch. */
    @FunctionalInterface
    interface Sink {
        /**
         * Takes one batch at one selection.
         *
         * @param window index of the selection
         * @param examples [B] indices into the shard
         * @param outputs [B,C] row-major logits or numbers
         */
        void accept(int window, int[] examples, float[] outputs);
    }

    static ShardInference of(SparkSession spark, TrainedAdapter adapter, List<Window> windows, int batchSize) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        return new ShardInference(
                adapter.spec().toJson(),
                adapter.outputs(),
                context.broadcast(adapter.parameters()),
                List.copyOf(windows),
                batchSize);
    }

    /**
     * The examples in shards.
     *
     * @throws BadInputException if there are none
     */
    JavaRDD<PackedExamples> shards(TokenizedDataset data, Split split, int limit) {
        long examples = data.examples(split, limit);
        if (examples == 0) {
            throw new BadInputException(
                    data.directory() + "/" + split + " has no examples. Prepare data with some for " + split + ".");
        }
        int shards = LengthBuckets.batchCount(Math.toIntExact(examples), BATCHES * batchSize);
        return data.shards(split, shards, limit);
    }

    /** Goes over the shard once; every batch meets all selections. */
    void run(PackedExamples shard, Sink sink) {
        EncoderSpec encoder = EncoderSpec.fromJson(spec);
        try (InferenceGraph graph = InferenceGraph.of(encoder, outputs, parameters.value())) {
            graph.useRows(windows);
            for (int[] examples : LengthBuckets.sequential(shard, batchSize)) {
                MultiDataSet batch = InferenceGraph.arrays(
                        PaddedBatch.of(shard, examples, encoder.model().padTokenId()));
                float[] all = graph.outputs(batch);
                int size = examples.length * outputs;
                for (int window = 0; window < windows.size(); window++) {
                    sink.accept(window, examples, Arrays.copyOfRange(all, window * size, (window + 1) * size));
                }
            }
            graph.succeeded();
        }
    }

    /** Index of the class with the highest logit in row b of [B,C] outputs; the first of equals. */
    int highest(float[] values, int b) {
        int highest = 0;
        for (int c = 1; c < outputs; c++) {
            if (values[b * outputs + c] > values[b * outputs + highest]) {
                highest = c;
            }
        }
        return highest;
    }
}
