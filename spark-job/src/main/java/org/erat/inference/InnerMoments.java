package org.erat.inference;

import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.erat.adapter.RowMoments;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.monitoring.Phase;

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
        try (ShardInference inference = ShardInference.of(spark, use, List.of(all))) {
            List<RowMoments.Sums> ofShards = Phase.named(
                    spark.sparkContext(), "evaluation: use of the rows of " + adapter.task(), () -> inference
                            .shards(data, split, limit)
                            .map(inference::moments)
                            .collect());
            // In the order of the shards.
            ofShards.forEach(sums::add);
        }
        return adapter.with(sums.moments());
    }
}
