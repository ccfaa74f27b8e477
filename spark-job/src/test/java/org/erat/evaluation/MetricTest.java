package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.TaskType;
import org.junit.jupiter.api.Test;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.regression.RegressionEvaluation;
import org.nd4j.linalg.factory.Nd4j;

class MetricTest {
    // Rounding of a few operations on doubles.
    private static final double ROUNDING = 1e-12;

    private static int[] classes(int... classes) {
        return classes;
    }

    private static float[] numbers(double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** Of five classes and one target for each example. */
    private static double of(Metric metric, int[] predictions, int... labels) {
        int[] starts = IntStream.rangeClosed(0, labels.length).toArray();
        return metric.of(new Predicted.Classes(predictions, labels, starts, List.of("a", "b", "c", "d", "e")));
    }

    private static double of(Metric metric, float[] predictions, float... labels) {
        return metric.of(new Predicted.Numbers(predictions, labels));
    }

    @Test
    void threeClassesAsInScikitLearnsDocumentationOfF1Score() {
        int[] labels = classes(0, 1, 2, 0, 1, 2);
        int[] predictions = classes(0, 2, 1, 0, 0, 1);
        assertThat(of(Metric.ACCURACY, predictions, labels)).isEqualTo(2.0 / 6);
        // f1_score(average=None) is [0.8, 0, 0] there, and macro 0.26.
        assertThat(of(Metric.MACRO_F1, predictions, labels)).isCloseTo(0.8 / 3, within(ROUNDING));
    }

    @Test
    void f1IsThatOfClassOne() {
        // TP 2, FP 1, FN 2: 2·2 / (2·2 + 1 + 2).
        int[] labels = classes(1, 1, 1, 1, 0, 0, 0);
        int[] predictions = classes(1, 1, 0, 0, 1, 0, 0);
        assertThat(of(Metric.F1, predictions, labels)).isCloseTo(4.0 / 7, within(ROUNDING));
    }

    @Test
    void f1OfAClassThatIsNowhereIsZero() {
        assertThat(of(Metric.F1, classes(0, 0), classes(0, 0))).isZero();
        assertThat(of(Metric.F1, classes(0, 0), classes(1, 0))).isZero();
    }

    @Test
    void macroF1LeavesOutClassesThatAreNowhere() {
        // Classes 0 and 3 only, both without a fault.
        assertThat(of(Metric.MACRO_F1, classes(0, 3), classes(0, 3))).isEqualTo(1);
        // Class 1 is predicted and never right.
        assertThat(of(Metric.MACRO_F1, classes(0, 1), classes(0, 0))).isCloseTo((2.0 / 3 + 0) / 2, within(ROUNDING));
    }

    @Test
    void matthewsAsInScikitLearnsDocumentation() {
        // matthews_corrcoef([+1, +1, +1, -1], [+1, -1, +1, +1]) is -0.33 there.
        assertThat(of(Metric.MATTHEWS, classes(1, 0, 1, 1), classes(1, 1, 1, 0)))
                .isCloseTo(-1.0 / 3, within(ROUNDING));
    }

    @Test
    void matthewsOfTwoClassesIsTheFormulaOfTheConfusionMatrix() {
        // TP 4, TN 3, FP 1, FN 2.
        int[] labels = classes(1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
        int[] predictions = classes(1, 1, 1, 1, 0, 0, 0, 0, 0, 1);
        double expected = (4 * 3 - 1 * 2) / Math.sqrt((4 + 1.0) * (4 + 2) * (3 + 1) * (3 + 2));
        assertThat(of(Metric.MATTHEWS, predictions, labels)).isCloseTo(expected, within(ROUNDING));
    }

    @Test
    void matthewsOfThreeClassesByHand() {
        // s 6, c 5, predicted 2 1 3, actual 2 2 2: (30 - 12) / sqrt((36 - 14)(36 - 12)).
        assertThat(of(Metric.MATTHEWS, classes(0, 0, 1, 2, 2, 2), classes(0, 0, 1, 1, 2, 2)))
                .isCloseTo(18 / Math.sqrt(22 * 24), within(ROUNDING));
    }

    @Property(tries = 200)
    void matthewsIsTheCorrelationOfIndicators(
            @ForAll @Size(12) int[] seeds, @ForAll @IntRange(min = 2, max = 5) int classes) {
        int[] labels = new int[6];
        int[] predictions = new int[6];
        for (int i = 0; i < 6; i++) {
            labels[i] = Math.floorMod(seeds[i], classes);
            predictions[i] = Math.floorMod(seeds[i + 6], classes);
        }
        // Gorodkin's definition: covariances of the 0/1 indicators of the classes, summed over classes.
        double xy = covariance(predictions, labels, classes);
        double xx = covariance(predictions, predictions, classes);
        double yy = covariance(labels, labels, classes);
        double expected = Math.min(xx, yy) < 1e-9 ? 0 : xy / Math.sqrt(xx * yy);
        assertThat(of(Metric.MATTHEWS, predictions, labels)).isCloseTo(expected, within(1e-9));
    }

    private static double covariance(int[] x, int[] y, int classes) {
        double sum = 0;
        for (int k = 0; k < classes; k++) {
            double meanX = 0;
            double meanY = 0;
            for (int i = 0; i < x.length; i++) {
                meanX += (x[i] == k ? 1.0 : 0) / x.length;
                meanY += (y[i] == k ? 1.0 : 0) / x.length;
            }
            for (int i = 0; i < x.length; i++) {
                sum += ((x[i] == k ? 1 : 0) - meanX) * ((y[i] == k ? 1 : 0) - meanY);
            }
        }
        return sum;
    }

    @Test
    void aConstantPredictionIsWorthNothing() {
        int[] labels = classes(0, 1, 1, 0);
        assertThat(of(Metric.MATTHEWS, classes(1, 1, 1, 1), labels)).isZero();
        assertThat(of(Metric.PEARSON, numbers(1, 1, 1, 1), numbers(0, 1, 1, 0))).isZero();
        assertThat(of(Metric.SPEARMAN, numbers(1, 1, 1, 1), numbers(0, 1, 1, 0)))
                .isZero();
    }

    @Test
    void correlationsOfOneExampleOrOfWhatIsNoNumberAreZero() {
        assertThat(of(Metric.PEARSON, numbers(1), numbers(2))).isZero();
        assertThat(of(Metric.SPEARMAN, numbers(1), numbers(2))).isZero();
        assertThat(of(Metric.PEARSON, numbers(1, Double.NaN, 3), numbers(1, 2, 3)))
                .isZero();
        assertThat(of(Metric.SPEARMAN, numbers(1, Double.NaN, 3), numbers(1, 2, 3)))
                .isZero();
    }

    @Test
    void correlationsAsInSciPysDocumentation() {
        // scipy.stats.pearsonr([1, 2, 3, 4, 5, 6, 7], [10, 9, 2.5, 6, 4, 3, 2]).
        assertThat(of(Metric.PEARSON, numbers(1, 2, 3, 4, 5, 6, 7), numbers(10, 9, 2.5, 6, 4, 3, 2)))
                .isCloseTo(-0.828503883588428, within(ROUNDING));
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]): the two sevens share rank 3.5.
        assertThat(of(Metric.SPEARMAN, numbers(1, 2, 3, 4, 5), numbers(5, 6, 7, 8, 7)))
                .isCloseTo(0.8207826816681233, within(ROUNDING));
    }

    /** ND4J's evaluation is written independently; where it divides zero by zero it has conventions of its own. */
    @Property(tries = 200)
    void agreesWithNd4jOnTwoClasses(@ForAll @Size(40) boolean[] bits) {
        int n = bits.length / 2;
        int[] labels = new int[n];
        int[] predictions = new int[n];
        Evaluation evaluation = new Evaluation(2);
        for (int i = 0; i < n; i++) {
            labels[i] = bits[i] ? 1 : 0;
            predictions[i] = bits[n + i] ? 1 : 0;
            evaluation.eval(predictions[i], labels[i]);
        }
        assertThat(of(Metric.ACCURACY, predictions, labels)).isCloseTo(evaluation.accuracy(), within(ROUNDING));
        if (evaluation.truePositives().get(1) > 0) {
            assertThat(of(Metric.F1, predictions, labels)).isCloseTo(evaluation.f1(1), within(ROUNDING));
        }
        double matthews = evaluation.matthewsCorrelation(1);
        if (Double.isFinite(matthews) && matthews != 0) {
            assertThat(of(Metric.MATTHEWS, predictions, labels)).isCloseTo(matthews, within(ROUNDING));
        }
    }

    @Test
    void agreesWithNd4jOnNumbers() {
        int n = 50;
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            float[] labels = new float[n];
            float[] predictions = new float[n];
            for (int i = 0; i < n; i++) {
                labels[i] = 5 * random.nextFloat();
                predictions[i] = 0.02f * seed * labels[i] + random.nextFloat();
            }
            RegressionEvaluation evaluation = new RegressionEvaluation(1);
            evaluation.eval(
                    Nd4j.createFromArray(labels).reshape(n, 1),
                    Nd4j.createFromArray(predictions).reshape(n, 1));
            // It sums in single precision: n roundings of 6e-8, of numbers that are not small.
            assertThat(of(Metric.PEARSON, predictions, labels))
                    .isCloseTo(evaluation.pearsonCorrelation(0), within(1e-5));
        }
    }

    @Test
    void metricsAreFoundByTheNamesOfAManifest() {
        assertThat(named(TaskType.CLASSIFICATION, "accuracy", "f1", "macro-f1", "matthews"))
                .containsExactly(Metric.ACCURACY, Metric.F1, Metric.MACRO_F1, Metric.MATTHEWS);
        assertThat(named(TaskType.REGRESSION, "pearson", "spearman")).containsExactly(Metric.PEARSON, Metric.SPEARMAN);
        assertThat(named(TaskType.TOKEN_CLASSIFICATION, "entity-f1", "token-accuracy"))
                .containsExactly(Metric.ENTITY_F1, Metric.TOKEN_ACCURACY);
    }

    @Test
    void aMetricThatATaskDoesNotHaveIsRefused() {
        assertThatThrownBy(() -> named(TaskType.REGRESSION, "pearson", "bleu"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("manifest.json: 'bleu' is not a metric of a regression task. Name one of"
                        + " [pearson, spearman].");
        assertThatThrownBy(() -> named(TaskType.REGRESSION, "f1"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("'f1' is not a metric of a regression task");
    }

    private static List<Metric> named(TaskType type, String... names) {
        return Metric.named(List.of(names), type, "manifest.json");
    }
}
