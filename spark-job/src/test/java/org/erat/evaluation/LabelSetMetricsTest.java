package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Expected values are those of scikit-learn's f1_score with average micro and macro, by its formulas. */
class LabelSetMetricsTest {
    private static final Predicted.LabelSets SETS = new Predicted.LabelSets(
            new int[][] {{0, 1}, {}, {2}, {0}}, new int[][] {{0, 1}, {0, 2}, {1, 2}, {}}, List.of("a", "b", "c", "d"));

    /** Right are a and b of the first and c of the third example: 2·3/(4 predicted + 6 right). */
    @Test
    void microF1CountsAllLabelsOfAllExamplesAlike() {
        assertThat(Metric.MICRO_F1.of(SETS)).isEqualTo(0.6, within(1e-15));
    }

    /** a: 2·1/(2 + 2), b: 2·1/(1 + 2), c: 2·1/(1 + 2); d occurs nowhere. */
    @Test
    void macroF1IsTheMeanOverTheLabelsThatOccur() {
        assertThat(Metric.MACRO_F1.of(SETS)).isEqualTo((0.5 + 2 / 3.0 + 2 / 3.0) / 3, within(1e-15));
    }

    @Test
    void nothingToFindAndNothingFoundIsNoF1() {
        Predicted.LabelSets none = new Predicted.LabelSets(new int[2][0], new int[2][0], List.of("a", "b"));
        assertThat(Metric.MICRO_F1.of(none)).isZero();
        assertThat(Metric.MACRO_F1.of(none)).isZero();
    }

    @Test
    void theBootstrapDrawsExamplesWithTheirSets() {
        Predicted.LabelSets drawn = SETS.of(2, 2, 0);
        assertThat(drawn.examples()).isEqualTo(3);
        // Twice c of {b, c}, and both of {a, b}: 2·4/(4 predicted + 6 right).
        assertThat(Metric.MICRO_F1.of(drawn)).isEqualTo(0.8, within(1e-15));
    }
}
