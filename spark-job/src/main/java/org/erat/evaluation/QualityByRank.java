package org.erat.evaluation;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.monitoring.Phase;
import org.erat.schedule.Window;

/**
 * Measures an adapter at several ranks in one pass over the data. Executors return a class or a number for each example
 * and rank, nothing more; the metrics are taken on the driver over all of them in the order of their ids, and are the
 * same on any cluster.
 */
public final class QualityByRank {
    private static final String WHAT = "quality by rank";

    private final TrainedAdapter adapter;
    private final EvaluationRequest request;

    private QualityByRank(TrainedAdapter adapter, EvaluationRequest request) {
        this.adapter = adapter;
        this.request = request;
    }

    /**
     * Quality with the prefixes [0,b) and the suffixes [R−b,R) of the rows, both with the scale of width b.
     *
     * @param progress takes a line every few seconds
     * @throws org.erat.data.UsageException if a rank is not in 1..R
     * @throws org.erat.data.BadInputException if the data does not belong to the adapter's task and base model
     */
    public static Quality evaluate(
            SparkSession spark,
            TrainedAdapter adapter,
            TokenizedDataset data,
            EvaluationRequest request,
            Consumer<String> progress) {
        Stream.concat(request.prefixRanks().stream(), request.suffixRanks().stream())
                .forEach(rank -> EvaluationRequest.requireRank(rank, adapter));
        DataCheck.requireMatch(adapter, data, spark.sparkContext().hadoopConfiguration());
        return new QualityByRank(adapter, request).run(spark, data, progress);
    }

    private Quality run(SparkSession spark, TokenizedDataset data, Consumer<String> progress) {
        // All rows are prefix and suffix at once, and run once.
        List<Window> windows = Stream.concat(
                        request.prefixRanks().stream().map(this::prefix),
                        request.suffixRanks().stream().map(this::suffix))
                .distinct()
                .toList();
        ShardInference inference = ShardInference.of(spark, adapter, windows, request.batchSize());
        List<ShardPredictions> shards = predict(spark, data, inference, progress);
        inference.parameters().destroy();
        Scores scores = Scores.of(shards, windows);
        return Quality.of(
                adapter.task(),
                adapter.metrics().get(0),
                request.prefixRanks().stream()
                        .map(rank -> scores.quality(rank, prefix(rank), adapter.metrics()))
                        .toList(),
                request.suffixRanks().stream()
                        .map(rank -> scores.quality(rank, suffix(rank), adapter.metrics()))
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
        boolean numbers = adapter.type() == TaskType.REGRESSION;
        LongAccumulator done = spark.sparkContext().longAccumulator(WHAT);
        JavaRDD<ShardPredictions> predictions = inference
                .shards(data, request.split(), request.limit())
                .map(shard -> {
                    ShardPredictions predicted = predict(shard, inference, numbers);
                    done.add(shard.size());
                    return predicted;
                });
        return Phase.named(
                spark.sparkContext(), "evaluation: " + WHAT + " of " + adapter.task(), () -> new ExampleProgress(
                                WHAT, done, data.examples(request.split(), request.limit()), progress)
                        .await(predictions.collectAsync()));
    }

    private static ShardPredictions predict(PackedExamples shard, ShardInference inference, boolean numbers) {
        int size = shard.size();
        long[] ids = new long[size];
        float[] labels = new float[size];
        for (int i = 0; i < size; i++) {
            ids[i] = shard.id(i);
            labels[i] = shard.label(i);
        }
        float[][] predictions = new float[inference.windows().size()][size];
        inference.run(shard, (window, examples, outputs) -> {
            for (int b = 0; b < examples.length; b++) {
                predictions[window][examples[b]] = numbers ? outputs[b] : inference.highest(outputs, b);
            }
        });
        return new ShardPredictions(ids, labels, predictions);
    }

    /**
     * What a task returns.
     *
     * @param ids [n]
     * @param labels [n] class index or number
     * @param predictions [windows][n] class index or number
     */
    private record ShardPredictions(long[] ids, float[] labels, float[][] predictions) implements Serializable {}

    /** All predictions in the order of ids. */
    private record Scores(List<Window> windows, float[] labels, float[][] predictions) {
        static Scores of(List<ShardPredictions> shards, List<Window> windows) {
            record Place(long id, ShardPredictions shard, int index) {}
            List<Place> places = new ArrayList<>();
            for (ShardPredictions shard : shards) {
                for (int i = 0; i < shard.ids().length; i++) {
                    places.add(new Place(shard.ids()[i], shard, i));
                }
            }
            places.sort((one, other) -> Long.compare(one.id(), other.id()));
            float[] labels = new float[places.size()];
            float[][] predictions = new float[windows.size()][places.size()];
            for (int i = 0; i < labels.length; i++) {
                Place place = places.get(i);
                labels[i] = place.shard().labels()[place.index()];
                for (int window = 0; window < predictions.length; window++) {
                    predictions[window][i] = place.shard().predictions()[window][place.index()];
                }
            }
            return new Scores(windows, labels, predictions);
        }

        RankQuality quality(int rank, Window window, List<String> metrics) {
            float[] predicted = predictions[windows.indexOf(window)];
            Map<String, Double> values = new LinkedHashMap<>();
            metrics.forEach(name -> values.put(name, Metric.named(name).of(predicted, labels)));
            return new RankQuality(rank, values);
        }
    }
}
