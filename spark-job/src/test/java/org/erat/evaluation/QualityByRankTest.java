package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TinyAdapters;
import org.erat.export.TrainedAdapter;
import org.erat.model.TinyBaseModel;
import org.erat.schedule.Window;
import org.junit.jupiter.api.Test;

class QualityByRankTest extends InferenceTest {
    private static final int EXAMPLES = 40;
    // Two batches and a bit of a shard, so that there are five shards.
    private static final int BATCH = 2;

    private TinyData data() {
        return data(EXAMPLES);
    }

    private Quality evaluate(TrainedAdapter adapter, TokenizedDataset dataset, EvaluationRequest request) {
        return QualityByRank.evaluate(spark, adapter, dataset, request, line -> {});
    }

    @Test
    void prefixesAndSuffixesAreMeasuredAsTheGraphPredictsExampleByExample() throws IOException {
        // Far from what the base model gives, so that ranks differ.
        tiny.alpha = 40;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        Quality quality = evaluate(
                adapter,
                data.write(spark, adapter, folder.resolve("data"), 2),
                EvaluationRequest.of(adapter, List.of(), true, BATCH));

        assertThat(quality.task()).isEqualTo("tiny");
        assertThat(quality.metric()).isEqualTo("accuracy");
        assertThat(quality.prefix()).extracting(RankQuality::rank).containsExactly(1, 2, 3, 4);
        assertThat(quality.suffix()).extracting(RankQuality::rank).containsExactly(1, 2, 3, 4);
        for (int rank = 1; rank <= 4; rank++) {
            double scale = tiny.alpha / rank;
            assertThat(quality.prefix().get(rank - 1).value("accuracy"))
                    .isEqualTo(accuracy(data, data.direct(adapter, new Window(0, rank), scale), 1));
            assertThat(quality.suffix().get(rank - 1).value("accuracy"))
                    .isEqualTo(accuracy(data, data.direct(adapter, new Window(4 - rank, 4), scale), 1));
        }
    }

    /** Over every {@code step}-th example. */
    private static double accuracy(TinyData data, float[][] probabilities, int step) {
        int right = 0;
        int all = 0;
        for (int id = 0; id < data.size(); id += step) {
            float[] p = probabilities[id];
            int highest = p[0] >= p[1] && p[0] >= p[2] ? 0 : p[1] >= p[2] ? 1 : 2;
            right += highest == (int) data.label(id) ? 1 : 0;
            all++;
        }
        return (double) right / all;
    }

    @Test
    void theLayoutOfTheFilesChangesNothing() throws IOException {
        tiny.regression = true;
        tiny.outputs = 1;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "pearson", "spearman");
        TinyData data = data();
        EvaluationRequest request = EvaluationRequest.of(adapter, List.of(), true, BATCH);
        Quality one = evaluate(adapter, data.write(spark, adapter, folder.resolve("one"), 1), request);
        Quality three = evaluate(adapter, data.write(spark, adapter, folder.resolve("three"), 3), request);
        // To the last bit, though correlations see every bit of the outputs.
        assertThat(three).isEqualTo(one);
    }

    @Test
    void aRegressionIsCorrelatedWithWhatTheGraphPredicts() throws IOException {
        tiny.regression = true;
        tiny.outputs = 1;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "pearson", "spearman");
        TinyData data = data();
        EvaluationRequest request = new EvaluationRequest(Split.VALIDATION, List.of(3, 1), List.of(2), 7, 0);
        Quality quality = evaluate(adapter, data.write(spark, adapter, folder.resolve("data"), 2), request);

        // Padding changes the order of sums in f32: 1e-7 a step, a few steps deep.
        double first = pearson(data, data.direct(adapter, new Window(0, 1), tiny.alpha));
        double third = pearson(data, data.direct(adapter, new Window(0, 3), tiny.alpha / 3));
        double suffix = pearson(data, data.direct(adapter, new Window(2, 4), tiny.alpha / 2));
        assertThat(quality.prefix()).extracting(RankQuality::rank).containsExactly(1, 3);
        assertThat(quality.prefix().get(0).value("pearson")).isCloseTo(first, within(1e-5));
        assertThat(quality.prefix().get(1).value("pearson")).isCloseTo(third, within(1e-5));
        assertThat(quality.suffix().get(0).value("pearson")).isCloseTo(suffix, within(1e-5));
        assertThat(quality.aurac()).isCloseTo((first + third) / 2, within(1e-5));
        // Rows that are mixed up would show.
        assertThat(Math.abs(first - third)).isGreaterThan(1e-3);
    }

    private static double pearson(TinyData data, float[][] outputs) {
        double[] predictions =
                IntStream.range(0, EXAMPLES).mapToDouble(id -> outputs[id][0]).toArray();
        double[] labels = IntStream.range(0, EXAMPLES).mapToDouble(data::label).toArray();
        return new PearsonsCorrelation().correlation(predictions, labels);
    }

    @Test
    void aLimitTakesExamplesFromAllOverTheData() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        Quality quality = evaluate(
                adapter,
                data.write(spark, adapter, folder.resolve("data"), 2),
                EvaluationRequest.of(adapter, List.of(2), false, BATCH).withLimit(10));
        assertThat(quality.prefix().get(0).value("accuracy"))
                .isEqualTo(accuracy(data, data.direct(adapter, new Window(0, 2), tiny.alpha / 2), 4));
    }

    @Test
    void aRankThatTheAdapterDoesNotHaveIsRefused() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset = data().write(spark, adapter, folder.resolve("data"), 1);
        assertThatThrownBy(() -> evaluate(adapter, dataset, EvaluationRequest.of(adapter, List.of(2, 5), false, BATCH)))
                .isInstanceOf(UsageException.class)
                .hasMessage("Rank 5 is not in 1..4, the ranks that the adapter has.");
    }

    @Test
    void dataOfAnotherTokenizerIsRefused() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset =
                data().write(spark, adapter, folder.resolve("data"), 1, adapter.labelNames(), "0123456789abcdef");
        assertThatThrownBy(() -> evaluate(adapter, dataset, EvaluationRequest.of(adapter, List.of(), false, BATCH)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("/data/manifest.json: was made with another tokenizer than ")
                .hasMessageContaining("Prepare the data again with --model ");
    }

    @Test
    void dataWithOtherLabelsIsRefused() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        TokenizedDataset dataset = data.write(
                spark, adapter, folder.resolve("data"), 1, List.of("no", "yes", "maybe"), data.tokenizerSha256());
        assertThatThrownBy(() -> evaluate(adapter, dataset, EvaluationRequest.of(adapter, List.of(), false, BATCH)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "label names are [no, yes, maybe], but the adapter's are [class 0, class 1, class 2]");
    }

    @Test
    void aBaseModelThatIsNotTheOneOfTheAdapterIsRefused() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset = data().write(spark, adapter, folder.resolve("data"), 1);
        TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(3));
        assertThatThrownBy(() -> evaluate(adapter, dataset, EvaluationRequest.of(adapter, List.of(), false, BATCH)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("SHA-256 of its weights is ")
                .hasMessageContaining(
                        "but the adapter was trained on " + adapter.spec().modelSha256());
    }
}
