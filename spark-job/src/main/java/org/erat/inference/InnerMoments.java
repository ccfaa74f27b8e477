package org.erat.inference;

import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.erat.adapter.RowMoments;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;

/** Measures how much the rows of a trained adapter are used. */
public final class InnerMoments {
    private InnerMoments() {}

    /**
     * The adapter with the second moments of its inner activations over some examples: one forward pass with all rows. The
     * same bits on any cluster.
     *
     * @param limit most examples, spread over the split
     */
    public static TrainedAdapter measure(
            SparkSession spark, AdapterUse use, TokenizedDataset data, Split split, int limit) {
        TrainedAdapter adapter = use.adapter();
        Selection all = Selection.prefix(adapter, adapter.rank());
        RowMoments.Sums sums = new RowMoments.Sums(adapter.layout());
        spark.sparkContext().setJobDescription("second moments of the rows of " + adapter.task());
        try (ShardInference inference = ShardInference.of(spark, use, List.of(all))) {
            // In the order of the shards.
            inference
                    .shards(data, split, limit)
                    .map(inference::moments)
                    .collect()
                    .forEach(sums::add);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
        return adapter.with(sums.moments());
    }
}
