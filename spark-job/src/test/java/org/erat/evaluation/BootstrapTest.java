package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BootstrapTest {
    /** √(p(1−p)/n), known for accuracy; 200 draws find it to a twentieth (1/√(2·200)), four of which are allowed. */
    @Test
    void theStandardErrorOfAccuracyIsThatOfAShare() {
        int[] labels = new int[400];
        int[] predictions = new int[400];
        Arrays.setAll(predictions, i -> i % 4 == 0 ? 1 : 0);
        Predicted.Classes predicted = new Predicted.Classes(
                predictions, labels, IntStream.rangeClosed(0, 400).toArray(), List.of("a", "b"));
        double expected = Math.sqrt(0.75 * 0.25 / 400);
        double error = Bootstrap.standardError(predicted, Metric.ACCURACY);
        assertThat(error).isCloseTo(expected, within(0.2 * expected));
        assertThat(Bootstrap.standardError(predicted, Metric.ACCURACY)).isEqualTo(error);
    }

    @Test
    void wordsAreDrawnByExample() {
        // Of two examples one is all right, the other all wrong: four words each, or one and seven.
        int[] labels = new int[8];
        int[] predictions = {0, 1, 1, 1, 1, 1, 1, 1};
        Predicted.Classes predicted =
                new Predicted.Classes(predictions, labels, new int[] {0, 1, 8}, List.of("O", "B-x"));
        assertThat(predicted.examples()).isEqualTo(2);
        assertThat(Metric.TOKEN_ACCURACY.of(predicted.of(0, 0))).isEqualTo(1);
        assertThat(Metric.TOKEN_ACCURACY.of(predicted.of(1, 1))).isZero();
        assertThat(predicted.of(1, 0).starts()).containsExactly(0, 7, 8);
        assertThat(predicted.of(1, 0).predictions()).containsExactly(1, 1, 1, 1, 1, 1, 1, 0);
    }

    @Test
    void numbersAreDrawnWithTheirLabels() {
        Predicted.Numbers predicted = new Predicted.Numbers(new float[] {1, 2, 3}, new float[] {10, 20, 30});
        assertThat(predicted.of(2, 0, 2).predictions()).containsExactly(3, 1, 3);
        assertThat(predicted.of(2, 0, 2).labels()).containsExactly(30, 10, 30);
    }
}
