package org.erat.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AxisTest {
    @ParameterizedTest
    @CsvSource({"60, 72, 60, 72", "0, 0.0005, 0, 5e-4", "61, 63, 61.0, 63.0", "0, 5912, 0, '6,000'"})
    void endsAreRoundNumbersThatHoldTheRange(double from, double to, String first, String last) {
        Axis axis = Axis.linear(from, to);
        assertThat(axis.low()).isLessThanOrEqualTo(from + 1e-12);
        assertThat(axis.high()).isGreaterThanOrEqualTo(to - 1e-12);
        assertThat(axis.label(axis.ticks().get(0))).isEqualTo(first);
        assertThat(axis.label(axis.ticks().get(axis.ticks().size() - 1))).isEqualTo(last);
        assertThat(axis.ticks()).hasSizeBetween(3, 8);
    }

    @Test
    void equalRatiosAreEqualDistancesOfALogarithmicAxis() {
        Axis axis = Axis.logarithmic(9.6, 40_247);
        assertThat(axis.ticks()).containsExactly(1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0);
        // A decade of five.
        assertThat(axis.share(100) - axis.share(10)).isCloseTo(0.2, within(1e-12));
    }

    @Test
    void wholeNumbersHaveWholeTicks() {
        assertThat(Axis.whole(1, 15, 12).ticks()).containsExactly(2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0);
        assertThat(Axis.whole(1, 8, 12).ticks()).hasSize(8);
    }
}
