package org.erat.evaluation;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PackedExamples;
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
     * The metrics with the prefixes [0,b) of the rows in each order, of a language model at rank 0 too, and with the
     * suffixes [R−b,R) as trained.
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
        return checked(spark, use, data, request)
                .recommending(spark, data, progress)
                .evaluation();
    }

    /**
     * The first metric at each rank, in the better of the orders. For adapters that are measured on the same examples again
     * and again while they are trained: it checks nothing, and says nothing of how certain the values are.
     *
     * @param shards of {@link ShardInference#shards}
     * @param examples in them
     */
    public static Map<Integer, Double> valuesByRank(
            SparkSession spark,
            AdapterUse use,
            JavaRDD<PackedExamples> shards,
            long examples,
            EvaluationRequest request,
            Consumer<String> progress) {
        Evaluation evaluation = new Evaluator(use, request)
                .run(spark, shards, examples, progress)
                .evaluation();
        Map<Integer, Double> values = new TreeMap<>();
        request.prefixRanks().forEach(rank -> values.put(rank, evaluation.value(rank)));
        return values;
    }

    /**
     * Metrics, and what stands behind them.
     *
     * @param evaluation the metrics
     * @param details how certain they are, and where the adapter errs
     */
    public record Detailed(Evaluation evaluation, EvaluationDetails details) {}

    /** The same as {@link #evaluate} with what stands behind the metrics. */
    public static Detailed evaluateInDetail(
            SparkSession spark,
            AdapterUse use,
            TokenizedDataset data,
            EvaluationRequest request,
            Consumer<String> progress) {
        Evaluator evaluator = checked(spark, use, data, request);
        Measured measured = evaluator.recommending(spark, data, progress);
        return new Detailed(measured.evaluation(), evaluator.details(spark, data, measured, progress));
    }

    private static Evaluator checked(
            SparkSession spark, AdapterUse use, TokenizedDataset data, EvaluationRequest request) {
        request.prefixRanks().forEach(rank -> requirePrefix(use.adapter(), rank));
        request.suffixRanks().forEach(use.adapter()::requireRank);
        use.requireMatch(data, spark.sparkContext().hadoopConfiguration());
        data.requireLabels();
        return new Evaluator(use, request);
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

    private Measured recommending(SparkSession spark, TokenizedDataset data, Consumer<String> progress) {
        Measured measured = run(
                spark,
                ShardInference.shards(data, request.split(), request.limit(), use.batchSize()),
                data.examples(request.split(), request.limit()),
                progress);
        return new Measured(
                measured.evaluation()
                        .withRecommendation((order, rank) ->
                                standardError(measured.byRank().get(order).get(rank))),
                measured.ids(),
                measured.byRank());
    }

    private Measured run(SparkSession spark, JavaRDD<PackedExamples> shards, long examples, Consumer<String> progress) {
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
            predictions = OrderedPredictions.of(predict(spark, shards, examples, inference, progress));
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
        Map<RowOrder, Map<Integer, Predicted>> byRank = new EnumMap<>(RowOrder.class);
        adapters.forEach((order, ordered) -> {
            Map<Integer, Predicted> ofOrder = new TreeMap<>();
            request.prefixRanks().forEach(rank -> ofOrder.put(rank, predicted.get(Selection.prefix(ordered, rank))));
            byRank.put(order, ofOrder);
        });
        return new Measured(
                new Evaluation(adapter.task(), metrics.get(0), prefixes, suffixes, Optional.empty()),
                predictions.ids(),
                byRank);
    }

    private double standardError(Predicted predicted) {
        return Bootstrap.standardError(predicted, metrics.get(0));
    }

    /**
     * The metrics and the predictions that they are of.
     *
     * @param ids [n] of the examples
     * @param byRank predictions with the prefixes, by order and rank
     */
    private record Measured(Evaluation evaluation, long[] ids, Map<RowOrder, Map<Integer, Predicted>> byRank) {}

    private EvaluationDetails details(
            SparkSession spark, TokenizedDataset data, Measured measured, Consumer<String> progress) {
        Recommendation at = measured.evaluation().recommended().orElseThrow();
        List<EvaluationDetails.Uncertainty> uncertainty = new ArrayList<>();
        List<Predicted> all = new ArrayList<>();
        measured.byRank()
                .forEach((order, byRank) -> byRank.forEach((rank, predicted) -> {
                    if (rank > 0) {
                        uncertainty.add(new EvaluationDetails.Uncertainty(order, rank, standardError(predicted)));
                        all.add(predicted);
                    }
                }));
        ErrorAnalysis errors = new ErrorAnalysis(
                measured.ids(), measured.byRank().get(at.order()).get(at.rank()), all);
        return new EvaluationDetails(
                measured.ids().length,
                at.rank(),
                at.order(),
                uncertainty,
                adapter.labelNames(),
                errors.confusion(),
                errors.labels(),
                errors.pairs(),
                withTexts(errors.hardest(), spark, data, progress));
    }

    private List<EvaluationDetails.Hard> withTexts(
            List<EvaluationDetails.Hard> examples,
            SparkSession spark,
            TokenizedDataset data,
            Consumer<String> progress) {
        if (examples.isEmpty()) {
            return examples;
        }
        Set<Long> ids = examples.stream().map(EvaluationDetails.Hard::id).collect(Collectors.toSet());
        Map<Long, String> texts;
        try (ShardInference inference =
                ShardInference.of(spark, use, List.of(Selection.prefix(adapter, adapter.rank())))) {
            texts = Phase.named(
                    spark.sparkContext(),
                    "evaluation: texts of the hardest examples",
                    () -> ExampleTexts.of(
                            inference.shards(data, request.split(), request.limit()),
                            ids,
                            use,
                            spark.sparkContext().hadoopConfiguration(),
                            progress));
        }
        return examples.stream()
                .map(example -> new EvaluationDetails.Hard(
                        example.id(),
                        texts.getOrDefault(example.id(), ""),
                        example.label(),
                        example.prediction(),
                        example.why()))
                .toList();
    }

    private List<ShardPredictions> predict(
            SparkSession spark,
            JavaRDD<PackedExamples> shards,
            long examples,
            ShardInference inference,
            Consumer<String> progress) {
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        JavaRDD<ShardPredictions> predictions = shards.map(shard -> {
            ShardPredictions predicted = ShardPredictions.of(shard, inference);
            done.add(shard.size());
            return predicted;
        });
        return Phase.named(
                spark.sparkContext(),
                "evaluation: " + WHAT + " of " + adapter.task(),
                () -> new ExampleProgress(WHAT, done, examples, progress).await(predictions.collectAsync()));
    }

    private RankMetrics measure(int rank, Predicted predicted) {
        Map<String, Double> values = new LinkedHashMap<>();
        metrics.forEach(metric -> values.put(metric.toString(), metric.of(predicted)));
        return new RankMetrics(rank, values);
    }
}
