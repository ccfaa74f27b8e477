package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Window;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TinyAdapters;
import org.erat.export.TrainedAdapter;
import org.erat.inference.InferenceTest;
import org.erat.inference.InnerMoments;
import org.erat.inference.TinyData;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;

class EvaluatorTest extends InferenceTest {
    private static final int EXAMPLES = 24;
    // Of which four make a shard, so that there are three shards.
    private static final int BATCH = 2;

    private TinyData data() {
        return data(EXAMPLES);
    }

    private Evaluation evaluate(TrainedAdapter adapter, TokenizedDataset dataset, EvaluationRequest request) {
        return evaluate(adapter, dataset, request, BATCH);
    }

    private Evaluation evaluate(
            TrainedAdapter adapter, TokenizedDataset dataset, EvaluationRequest request, int batchSize) {
        return Evaluator.evaluate(spark, use(adapter, batchSize), dataset, request, line -> {});
    }

    private static List<RankMetrics> prefix(Evaluation evaluation) {
        return evaluation.prefixes().get(RowOrder.TRAINED);
    }

    @Test
    void prefixesAndSuffixesAreMeasuredAsTheGraphPredictsExampleByExample() throws IOException {
        // Far from what the base model gives, so that ranks differ.
        tiny.alpha = 40;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        Evaluation evaluation = evaluate(
                adapter,
                data.write(spark, adapter, folder.resolve("data"), 2),
                EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(), true));

        assertThat(evaluation.task()).isEqualTo("tiny");
        assertThat(evaluation.metric()).isEqualTo(Metric.ACCURACY);
        assertThat(prefix(evaluation)).extracting(RankMetrics::rank).containsExactly(1, 2, 3, 4);
        assertThat(evaluation.suffix()).extracting(RankMetrics::rank).containsExactly(1, 2, 3, 4);
        for (int rank = 1; rank <= 4; rank++) {
            double scale = tiny.alpha / rank;
            assertThat(prefix(evaluation).get(rank - 1).value("accuracy"))
                    .isEqualTo(accuracy(data, data.direct(adapter, new Window(0, rank), scale), 1));
            assertThat(evaluation.suffix().get(rank - 1).value("accuracy"))
                    .isEqualTo(accuracy(data, data.direct(adapter, new Window(4 - rank, 4), scale), 1));
        }
    }

    /** The truncated singular value decomposition of B·A, here by the eigenvectors of (B·A)·(B·A)ᵀ. */
    @Test
    void canonicalPrefixesAreTheClosestAdaptersOfTheirRanks() throws IOException {
        tiny.alpha = 40;
        tiny.regression();
        TrainedAdapter adapter = TinyAdapters.random(tiny, "pearson", "spearman");
        TinyData data = data();
        Evaluation evaluation = evaluate(
                adapter,
                data.write(spark, adapter, folder.resolve("data"), 2),
                EvaluationRequest.of(adapter, OrderChoice.CANONICAL, List.of(), false),
                7);

        assertThat(evaluation.prefixes()).containsOnlyKeys(RowOrder.CANONICAL);
        Window all = new Window(0, 4);
        double scale = tiny.alpha / 4;
        for (int rank = 1; rank <= 4; rank++) {
            double expected = pearson(data, data.direct(closest(adapter, rank), all, scale));
            assertThat(evaluation
                            .prefixes()
                            .get(RowOrder.CANONICAL)
                            .get(rank - 1)
                            .value("pearson"))
                    .isCloseTo(expected, within(1e-5));
        }
        double ofAll = pearson(data, data.direct(adapter, all, scale));
        assertThat(evaluation.prefixes().get(RowOrder.CANONICAL).get(3).value("pearson"))
                .isCloseTo(ofAll, within(1e-5));
        // As trained, rank 1 is another adapter.
        assertThat(Math.abs(pearson(data, data.direct(closest(adapter, 1), all, scale)) - ofAll))
                .isGreaterThan(1e-3);
    }

    /** Rows of A that no text of the data uses come last, however large they are. */
    @Test
    void theDataAwareOrderFollowsFromTheOutputsOverTheData() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        TokenizedDataset dataset = data.write(spark, adapter, folder.resolve("data"), 2);
        TrainedAdapter measured = InnerMoments.measure(spark, use(adapter, 7), dataset, Split.VALIDATION, 0);
        TrainedAdapter again = InnerMoments.measure(
                spark, use(adapter, 7), data.write(spark, adapter, folder.resolve("three"), 3), Split.VALIDATION, 0);
        assertThat(again.moments().orElseThrow().bySlot())
                .isDeepEqualTo(measured.moments().orElseThrow().bySlot());

        Evaluation evaluation =
                evaluate(measured, dataset, EvaluationRequest.of(adapter, OrderChoice.BEST_OF_ALL, List.of(), false));
        assertThat(evaluation.prefixes()).containsOnlyKeys(RowOrder.values());
        for (RowOrder order : RowOrder.values()) {
            // All rows are the same adapter in any order.
            assertThat(evaluation.prefixes().get(order).get(3))
                    .isEqualTo(evaluation.prefixes().get(RowOrder.TRAINED).get(3));
        }
        assertThatThrownBy(() -> adapter.inOrder(RowOrder.DATA_AWARE))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("so it has no data-aware order");
    }

    /** All R rows, of which B·A is the best approximation of rank {@code rank} of the product. */
    private static TrainedAdapter closest(TrainedAdapter adapter, int rank) {
        float[] parameters = adapter.parameters().clone();
        for (AdapterLayout.Slot slot : adapter.layout().slots()) {
            RealMatrix b =
                    rows(parameters, slot.rowOfB(0), slot.rank(), slot.out()).transpose();
            RealMatrix product = b.multiply(rows(parameters, slot.rowOfA(0), slot.rank(), slot.in()));
            EigenDecomposition eigen = new EigenDecomposition(product.multiply(product.transpose()));
            // Σ uᵢ·uᵢᵀ over the largest eigenvalues: P·B·A = (P·B)·A.
            RealMatrix projector = eigen.getV()
                    .getSubMatrix(0, slot.out() - 1, 0, rank - 1)
                    .multiply(eigen.getVT().getSubMatrix(0, rank - 1, 0, slot.out() - 1));
            RealMatrix projected = projector.multiply(b);
            for (int row = 0; row < slot.rank(); row++) {
                for (int out = 0; out < slot.out(); out++) {
                    parameters[(int) slot.rowOfB(row) + out] = (float) projected.getEntry(out, row);
                }
            }
        }
        return new TrainedAdapter(
                adapter.base(),
                adapter.architecture(),
                adapter.adapter(),
                adapter.head(),
                adapter.task(),
                adapter.type(),
                adapter.labelNames(),
                adapter.metrics(),
                parameters);
    }

    private static RealMatrix rows(float[] values, long from, int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix[row][column] = values[(int) from + row * columns + column];
            }
        }
        return new Array2DRowRealMatrix(matrix);
    }

    /** Over every {@code step}-th example. */
    private static double accuracy(TinyData data, double[][] probabilities, int step) {
        int right = 0;
        int all = 0;
        for (int id = 0; id < data.size(); id += step) {
            right += highest(probabilities[id]) == data.label(id) ? 1 : 0;
            all++;
        }
        return (double) right / all;
    }

    private static int highest(double... p) {
        return p[0] >= p[1] && p[0] >= p[2] ? 0 : p[1] >= p[2] ? 1 : 2;
    }

    @Test
    void theLayoutOfTheFilesChangesNothing() throws IOException {
        tiny.regression();
        TrainedAdapter adapter = TinyAdapters.random(tiny, "pearson", "spearman");
        TinyData data = data();
        EvaluationRequest request = EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(1, 3), true);
        Evaluation one = evaluate(adapter, data.write(spark, adapter, folder.resolve("one"), 1), request);
        Evaluation three = evaluate(adapter, data.write(spark, adapter, folder.resolve("three"), 3), request);
        // To the last bit, though correlations see every bit of the outputs.
        assertThat(three).isEqualTo(one);
    }

    @Test
    void aRegressionIsCorrelatedWithWhatTheGraphPredicts() throws IOException {
        tiny.regression();
        TrainedAdapter adapter = TinyAdapters.random(tiny, "pearson", "spearman");
        TinyData data = data();
        EvaluationRequest request =
                new EvaluationRequest(Split.VALIDATION, List.of(RowOrder.TRAINED), List.of(3, 1), List.of(2), 0);
        Evaluation evaluation = evaluate(adapter, data.write(spark, adapter, folder.resolve("data"), 2), request, 7);

        // Padding changes the order of sums in f32: 1e-7 a step, a few steps deep.
        double first = pearson(data, data.direct(adapter, new Window(0, 1), tiny.alpha));
        double third = pearson(data, data.direct(adapter, new Window(0, 3), tiny.alpha / 3));
        double suffix = pearson(data, data.direct(adapter, new Window(2, 4), tiny.alpha / 2));
        assertThat(prefix(evaluation)).extracting(RankMetrics::rank).containsExactly(1, 3);
        assertThat(prefix(evaluation).get(0).value("pearson")).isCloseTo(first, within(1e-5));
        assertThat(prefix(evaluation).get(1).value("pearson")).isCloseTo(third, within(1e-5));
        assertThat(evaluation.suffix().get(0).value("pearson")).isCloseTo(suffix, within(1e-5));
        assertThat(evaluation.aurac(RowOrder.TRAINED)).isCloseTo((first + third) / 2, within(1e-5));
        // Rows that are mixed up would show.
        assertThat(Math.abs(first - third)).isGreaterThan(1e-3);
    }

    private static double pearson(TinyData data, double[][] outputs) {
        double[] predictions =
                IntStream.range(0, EXAMPLES).mapToDouble(id -> outputs[id][0]).toArray();
        double[] labels = IntStream.range(0, EXAMPLES).mapToDouble(data::number).toArray();
        return new PearsonsCorrelation().correlation(predictions, labels);
    }

    @Test
    void wordsWithALabelAreMeasuredByTheirFirstTokens() throws IOException {
        tiny.task = TaskType.TOKEN_CLASSIFICATION;
        tiny.alpha = 40;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "entity-f1", "token-accuracy");
        TinyData data = data();
        TokenizedDataset dataset = data.write(spark, adapter, folder.resolve("data"), 2);
        EvaluationRequest request = EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(1, 4), false);
        Evaluation evaluation = evaluate(adapter, dataset, request, 6);

        assertThat(evaluation.metric()).isEqualTo(Metric.ENTITY_F1);
        Tags first = tags(data, data.direct(adapter, new Window(0, 1), tiny.alpha));
        Tags fourth = tags(data, data.direct(adapter, new Window(0, 4), tiny.alpha / 4));
        assertThat(prefix(evaluation))
                .extracting(at -> at.value("token-accuracy"))
                .containsExactly(accuracy(first), accuracy(fourth));
        assertThat(prefix(evaluation))
                .extracting(at -> at.value("entity-f1"))
                .containsExactly(f1OfPersons(first), f1OfPersons(fourth));
        assertThat(first).isNotEqualTo(fourth);
        // In batches of one example, of which one has no words.
        assertThat(evaluate(adapter, dataset, request, 1)).isEqualTo(evaluation);
    }

    /** Of the words with a label: a letter each, a space between examples. */
    private record Tags(String right, String found) {}

    private static Tags tags(TinyData data, double[][] probabilities) {
        StringBuilder right = new StringBuilder();
        StringBuilder found = new StringBuilder();
        for (int id = 0; id < data.size(); id++) {
            int row = 0;
            for (int start : data.wordStarts(id)) {
                if (start >= 0) {
                    double[] p = Arrays.copyOfRange(probabilities[id], 3 * row, 3 * row + 3);
                    row++;
                    if (data.labels(id)[start] != Targets.NONE) {
                        right.append("OBI".charAt(data.labels(id)[start]));
                        found.append("OBI".charAt(highest(p)));
                    }
                }
            }
            right.append(' ');
            found.append(' ');
        }
        return new Tags(right.toString(), found.toString());
    }

    private static double accuracy(Tags tags) {
        int words = tags.right().replace(" ", "").length();
        long wrong = IntStream.range(0, tags.right().length())
                .filter(i -> tags.right().charAt(i) != tags.found().charAt(i))
                .count();
        return (double) (words - wrong) / words;
    }

    /** With one type, an entity is a B or an I that begins, and the I that follow. */
    private static double f1OfPersons(Tags tags) {
        Set<MatchResult> right = persons(tags.right());
        Set<MatchResult> found = persons(tags.found());
        long both = right.stream()
                .filter(one ->
                        found.stream().anyMatch(other -> one.start() == other.start() && one.end() == other.end()))
                .count();
        return 2.0 * both / (right.size() + found.size());
    }

    private static Set<MatchResult> persons(String tags) {
        return Pattern.compile("[BI]I*").matcher(tags).results().collect(Collectors.toSet());
    }

    @Test
    void aMetricOfAnotherTypeOfTaskIsRefusedBeforeTheModelRuns() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy", "pearson");
        TokenizedDataset dataset = data().write(spark, adapter, folder.resolve("data"), 1);
        assertThatThrownBy(() ->
                        evaluate(adapter, dataset, EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(), false)))
                .isInstanceOf(BadInputException.class)
                .hasMessage("The adapter of task tiny: 'pearson' is not a metric of a classification task. Name one of"
                        + " [accuracy, f1, macro-f1, matthews].");
    }

    @Test
    void aLimitTakesExamplesFromAllOverTheData() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        Evaluation evaluation = evaluate(
                adapter,
                data.write(spark, adapter, folder.resolve("data"), 2),
                EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(2), false)
                        .withLimit(6));
        assertThat(prefix(evaluation).get(0).value("accuracy"))
                .isEqualTo(accuracy(data, data.direct(adapter, new Window(0, 2), tiny.alpha / 2), 4));
    }

    @Test
    void aRankThatTheAdapterDoesNotHaveIsRefused() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset = data().write(spark, adapter, folder.resolve("data"), 1);
        assertThatThrownBy(() -> evaluate(
                        adapter, dataset, EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(2, 5), false)))
                .isInstanceOf(UsageException.class)
                .hasMessage("Rank 5 is not in 1..4, the ranks that the adapter has.");
    }

    @Test
    void dataOfAnotherTokenizerIsRefused() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset =
                data().write(spark, adapter, folder.resolve("data"), 1, adapter.labelNames(), "0123456789abcdef");
        assertThatThrownBy(() ->
                        evaluate(adapter, dataset, EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(), false)))
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
        assertThatThrownBy(() ->
                        evaluate(adapter, dataset, EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(), false)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "label names are [no, yes, maybe], but the adapter's are [class 0, class 1, class 2]");
    }

    @Test
    void aBaseModelThatIsNotTheOneOfTheAdapterIsRefused() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset = data().write(spark, adapter, folder.resolve("data"), 1);
        TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(3));
        assertThatThrownBy(() ->
                        evaluate(adapter, dataset, EvaluationRequest.of(adapter, OrderChoice.BEST, List.of(), false)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("SHA-256 of its weights is ")
                .hasMessageContaining(
                        "but the adapter was trained on " + adapter.base().sha256());
    }
}
