package org.erat.evaluation;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.inference.ExampleProgress;
import org.erat.inference.Selection;
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
     * The metrics with the prefixes [0,b) of the rows in each order, of a language model at rank 0 too, and with the suffixes [R−b,R) as trained.
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
        request.prefixRanks().forEach(rank -> requirePrefix(use.adapter(), rank));
        request.suffixRanks().forEach(use.adapter()::requireRank);
        use.requireMatch(data, spark.sparkContext().hadoopConfiguration());
        data.requireLabels();
        return new Evaluator(use, request).run(spark, data, progress);
    }

    private static void requirePrefix(TrainedAdapter adapter, int rank) {
        if (rank == 0 && !adapter.head().predictsTokens()) {
            throw new UsageException("Rank 0 is the base model without the adapter, which has no head for "
                    + adapter.type() + ". Name ranks in 1.." + adapter.rank() + ".");
        }
        if (rank != 0) {
            adapter.requireRank(rank);
        }
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
        Map<RowOrder, TrainedAdapter> adapters = new EnumMap<>(RowOrder.class);
        request.orders().forEach(order -> adapters.put(order, adapter.inOrder(order)));
        // All rows as trained are prefix and suffix at once, and run once.
        List<Selection> selections = Stream.concat(
                        adapters.values().stream().flatMap(ordered -> request.prefixRanks().stream()
                                .map(rank -> Selection.prefix(ordered, rank))),
                        request.suffixRanks().stream().map(rank -> Selection.suffix(adapter, rank)))
                .distinct()
                .toList();
        OrderedPredictions predictions;
        try (ShardInference inference = ShardInference.of(spark, use, selections)) {
            predictions = OrderedPredictions.of(predict(spark, data, inference, progress));
        }
        Map<Selection, Predicted> predicted = new LinkedHashMap<>();
        for (int i = 0; i < selections.size(); i++) {
            predicted.put(selections.get(i), predictions.at(i, adapter.type(), adapter.labelNames()));
        }
        Map<RowOrder, List<RankMetrics>> prefixes = new EnumMap<>(RowOrder.class);
        adapters.forEach((order, ordered) -> prefixes.put(
                order,
                request.prefixRanks().stream()
                        .map(rank -> measure(rank, predicted.get(Selection.prefix(ordered, rank))))
                        .toList()));
        List<RankMetrics> suffixes = request.suffixRanks().stream()
                .map(rank -> measure(rank, predicted.get(Selection.suffix(adapter, rank))))
                .toList();
        Evaluation evaluation = new Evaluation(adapter.task(), metrics.get(0), prefixes, suffixes, Optional.empty());
        return evaluation.withRecommendation((order, rank) ->
                Bootstrap.standardError(predicted.get(Selection.prefix(adapters.get(order), rank)), metrics.get(0)));
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

    private RankMetrics measure(int rank, Predicted predicted) {
        Map<String, Double> values = new LinkedHashMap<>();
        metrics.forEach(metric -> values.put(metric.toString(), metric.of(predicted)));
        return new RankMetrics(rank, values);
    }
}
