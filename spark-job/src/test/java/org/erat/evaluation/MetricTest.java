package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.regression.RegressionEvaluation;
import org.nd4j.linalg.factory.Nd4j;

class MetricTest {
    // Rounding of a few operations on doubles.
    private static final double ROUNDING = 1e-12;

    private static float[] values(double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    @Test
    void threeClassesAsInScikitLearnsDocumentationOfF1Score() {
        float[] labels = values(0, 1, 2, 0, 1, 2);
        float[] predictions = values(0, 2, 1, 0, 0, 1);
        assertThat(Metric.ACCURACY.of(predictions, labels)).isEqualTo(2.0 / 6);
        // f1_score(average=None) is [0.8, 0, 0] there, and macro 0.26.
        assertThat(Metric.MACRO_F1.of(predictions, labels)).isCloseTo(0.8 / 3, within(ROUNDING));
    }

    @Test
    void f1IsThatOfClassOne() {
        // TP 2, FP 1, FN 2: 2·2 / (2·2 + 1 + 2).
        float[] labels = values(1, 1, 1, 1, 0, 0, 0);
        float[] predictions = values(1, 1, 0, 0, 1, 0, 0);
        assertThat(Metric.F1.of(predictions, labels)).isCloseTo(4.0 / 7, within(ROUNDING));
    }

    @Test
    void f1OfAClassThatIsNowhereIsZero() {
        assertThat(Metric.F1.of(values(0, 0), values(0, 0))).isZero();
        assertThat(Metric.F1.of(values(0, 0), values(1, 0))).isZero();
    }

    @Test
    void macroF1LeavesOutClassesThatAreNowhere() {
        // Classes 0 and 3 only, both without a fault.
        assertThat(Metric.MACRO_F1.of(values(0, 3), values(0, 3))).isEqualTo(1);
        // Class 1 is predicted and never right.
        assertThat(Metric.MACRO_F1.of(values(0, 1), values(0, 0))).isCloseTo((2.0 / 3 + 0) / 2, within(ROUNDING));
    }

    @Test
    void matthewsAsInScikitLearnsDocumentation() {
        // matthews_corrcoef([+1, +1, +1, -1], [+1, -1, +1, +1]) is -0.33 there.
        assertThat(Metric.MATTHEWS.of(values(1, 0, 1, 1), values(1, 1, 1, 0))).isCloseTo(-1.0 / 3, within(ROUNDING));
    }

    @Test
    void matthewsOfTwoClassesIsTheFormulaOfTheConfusionMatrix() {
        // TP 4, TN 3, FP 1, FN 2.
        float[] labels = values(1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
        float[] predictions = values(1, 1, 1, 1, 0, 0, 0, 0, 0, 1);
        double expected = (4 * 3 - 1 * 2) / Math.sqrt((4 + 1.0) * (4 + 2) * (3 + 1) * (3 + 2));
        assertThat(Metric.MATTHEWS.of(predictions, labels)).isCloseTo(expected, within(ROUNDING));
    }

    @Test
    void matthewsOfThreeClassesByHand() {
        // s 6, c 5, predicted 2 1 3, actual 2 2 2: (30 - 12) / sqrt((36 - 14)(36 - 12)).
        assertThat(Metric.MATTHEWS.of(values(0, 0, 1, 2, 2, 2), values(0, 0, 1, 1, 2, 2)))
                .isCloseTo(18 / Math.sqrt(22 * 24), within(ROUNDING));
    }

    @Property(tries = 200)
    void matthewsIsTheCorrelationOfIndicators(
            @ForAll @Size(12) int[] seeds, @ForAll @IntRange(min = 2, max = 5) int classes) {
        float[] labels = new float[6];
        float[] predictions = new float[6];
        for (int i = 0; i < 6; i++) {
            labels[i] = Math.floorMod(seeds[i], classes);
            predictions[i] = Math.floorMod(seeds[i + 6], classes);
        }
        // Gorodkin's definition: covariances of the 0/1 indicators of the classes, summed over classes.
        double xy = covariance(predictions, labels, classes);
        double xx = covariance(predictions, predictions, classes);
        double yy = covariance(labels, labels, classes);
        double expected = Math.min(xx, yy) < 1e-9 ? 0 : xy / Math.sqrt(xx * yy);
        assertThat(Metric.MATTHEWS.of(predictions, labels)).isCloseTo(expected, within(1e-9));
    }

    private static double covariance(float[] x, float[] y, int classes) {
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
        float[] labels = values(0, 1, 1, 0);
        float[] constant = values(1, 1, 1, 1);
        assertThat(Metric.MATTHEWS.of(constant, labels)).isZero();
        assertThat(Metric.PEARSON.of(constant, labels)).isZero();
        assertThat(Metric.SPEARMAN.of(constant, labels)).isZero();
    }

    @Test
    void correlationsOfOneExampleOrOfWhatIsNoNumberAreZero() {
        assertThat(Metric.PEARSON.of(values(1), values(2))).isZero();
        assertThat(Metric.SPEARMAN.of(values(1), values(2))).isZero();
        assertThat(Metric.PEARSON.of(values(1, Double.NaN, 3), values(1, 2, 3))).isZero();
        assertThat(Metric.SPEARMAN.of(values(1, Double.NaN, 3), values(1, 2, 3)))
                .isZero();
    }

    @Test
    void correlationsAsInSciPysDocumentation() {
        // scipy.stats.pearsonr([1, 2, 3, 4, 5, 6, 7], [10, 9, 2.5, 6, 4, 3, 2]).
        assertThat(Metric.PEARSON.of(values(1, 2, 3, 4, 5, 6, 7), values(10, 9, 2.5, 6, 4, 3, 2)))
                .isCloseTo(-0.828503883588428, within(ROUNDING));
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]): the two sevens share rank 3.5.
        assertThat(Metric.SPEARMAN.of(values(1, 2, 3, 4, 5), values(5, 6, 7, 8, 7)))
                .isCloseTo(0.8207826816681233, within(ROUNDING));
    }

    /** ND4J's evaluation is written independently; where it divides zero by zero it has conventions of its own. */
    @Property(tries = 200)
    void agreesWithNd4jOnTwoClasses(@ForAll @Size(40) boolean[] bits) {
        int n = bits.length / 2;
        float[] labels = new float[n];
        float[] predictions = new float[n];
        Evaluation evaluation = new Evaluation(2);
        for (int i = 0; i < n; i++) {
            labels[i] = bits[i] ? 1 : 0;
            predictions[i] = bits[n + i] ? 1 : 0;
            evaluation.eval((int) predictions[i], (int) labels[i]);
        }
        assertThat(Metric.ACCURACY.of(predictions, labels)).isCloseTo(evaluation.accuracy(), within(ROUNDING));
        if (evaluation.truePositives().get(1) > 0) {
            assertThat(Metric.F1.of(predictions, labels)).isCloseTo(evaluation.f1(1), within(ROUNDING));
        }
        double matthews = evaluation.matthewsCorrelation(1);
        if (Double.isFinite(matthews) && matthews != 0) {
            assertThat(Metric.MATTHEWS.of(predictions, labels)).isCloseTo(matthews, within(ROUNDING));
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
            assertThat(Metric.PEARSON.of(predictions, labels))
                    .isCloseTo(evaluation.pearsonCorrelation(0), within(1e-5));
        }
    }

    @Test
    void metricsAreFoundByTheNamesOfAManifest() {
        for (String name : new String[] {"accuracy", "f1", "macro-f1", "matthews", "pearson", "spearman"}) {
            assertThat(Metric.named(name).toString()).isEqualTo(name);
        }
        assertThatThrownBy(() -> Metric.named("bleu"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("'bleu'");
    }
}
