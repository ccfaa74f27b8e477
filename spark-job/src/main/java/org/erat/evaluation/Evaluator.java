package org.erat.evaluation;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.adapter.Window;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.inference.ExampleProgress;
import org.erat.inference.ShardInference;
import org.erat.monitoring.Phase;

/**
 * Measures an adapter at several ranks in one pass over the data. Executors return a class or a number for each target
 * and rank, nothing more; the metrics are taken on the driver over all of them in the order of their ids, and are the
 * same on any cluster.
 */
public final class Evaluator {
    private static final String WHAT = "quality by rank";

    private final AdapterUse use;
    private final TrainedAdapter adapter;
    private final EvaluationRequest request;
    private final List<Metric> metrics;

    private Evaluator(AdapterUse use, EvaluationRequest request) {
        this.use = use;
        this.adapter = use.adapter();
        this.request = request;
        this.metrics = Metric.named(adapter.metrics(), adapter.type(), "The adapter of task " + adapter.task());
    }

    /**
     * The metrics with the prefixes [0,b) and the suffixes [R−b,R) of the rows, both with the scale of width b.
     *
     * @param progress takes a line every few seconds
     * @throws org.erat.data.UsageException if a rank is not in 1..R
     * @throws org.erat.data.BadInputException if the data does not belong to the adapter's task and base model, or a metric
     *     of the adapter is not one of its task
     */
    public static Evaluation evaluate(
            SparkSession spark,
            AdapterUse use,
            TokenizedDataset data,
            EvaluationRequest request,
            Consumer<String> progress) {
        request.prefixRanks().forEach(use.adapter()::requireRank);
        request.suffixRanks().forEach(use.adapter()::requireRank);
        use.requireMatch(data, spark.sparkContext().hadoopConfiguration());
        return new Evaluator(use, request).run(spark, data, progress);
    }

    /**
     * Checks, before anything is trained, that a task can be measured.
     *
     * @param place where its metrics are named, for the message
     * @throws org.erat.data.BadInputException if one is not a metric of such tasks
     */
    public static void requireMetrics(Manifest task, String place) {
        Metric.named(task.metrics(), task.type(), place);
    }

    private Evaluation run(SparkSession spark, TokenizedDataset data, Consumer<String> progress) {
        // All rows are prefix and suffix at once, and run once.
        List<Window> windows = Stream.concat(
                        request.prefixRanks().stream().map(this::prefix),
                        request.suffixRanks().stream().map(this::suffix))
                .distinct()
                .toList();
        OrderedPredictions predictions;
        try (ShardInference inference = ShardInference.of(spark, use, windows)) {
            predictions = OrderedPredictions.of(predict(spark, data, inference, progress));
        }
        Map<Window, Map<String, Double>> byWindow = new LinkedHashMap<>();
        for (int i = 0; i < windows.size(); i++) {
            byWindow.put(windows.get(i), measure(predictions.at(i, adapter.type(), adapter.labelNames())));
        }
        return Evaluation.of(
                adapter.task(),
                metrics.get(0).toString(),
                request.prefixRanks().stream()
                        .map(rank -> new RankMetrics(rank, byWindow.get(prefix(rank))))
                        .toList(),
                request.suffixRanks().stream()
                        .map(rank -> new RankMetrics(rank, byWindow.get(suffix(rank))))
                        .toList());
    }

    private Window prefix(int rank) {
        return new Window(0, rank);
    }

    private Window suffix(int rank) {
        return new Window(adapter.rank() - rank, adapter.rank());
    }

    private List<ShardPredictions> predict(
            SparkSession spark, TokenizedDataset data, ShardInference inference, Consumer<String> progress) {
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        JavaRDD<ShardPredictions> predictions = inference
                .shards(data, request.split(), request.limit())
                .map(shard -> {
                    ShardPredictions predicted = ShardPredictions.of(shard, inference);
                    done.add(shard.size());
                    return predicted;
                });
        return Phase.named(
                spark.sparkContext(), "evaluation: " + WHAT + " of " + adapter.task(), () -> new ExampleProgress(
                                WHAT, done, data.examples(request.split(), request.limit()), progress)
                        .await(predictions.collectAsync()));
    }

    private Map<String, Double> measure(Predicted predicted) {
        Map<String, Double> values = new LinkedHashMap<>();
        metrics.forEach(metric -> values.put(metric.toString(), metric.of(predicted)));
        return values;
    }
}
