package org.erat.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SampleTest {
    /** Figures of the t distribution with 4 degrees of freedom: its 97.5 % point is 2.776445. */
    @Test
    void intervalsAreThoseOfStudent() {
        Sample sample = new Sample(1, 2, 3, 4, 5);
        assertThat(sample.mean()).isEqualTo(3);
        assertThat(sample.deviation()).isCloseTo(Math.sqrt(2.5), within(1e-12));
        assertThat(sample.halfWidth()).isCloseTo(2.776445 * Math.sqrt(0.5), within(1e-6));
        // t = √18; the closed form for 4 degrees of freedom, 1 − 2·⅜·t/√5.5·(1 − 18/66), is 0.01324.
        assertThat(sample.chanceOfZero()).isCloseTo(0.01324, within(1e-5));
    }

    @Test
    void oneValueHasNoSpread() {
        Sample sample = new Sample(7);
        assertThat(sample.mean()).isEqualTo(7);
        assertThat(sample.deviation()).isNaN();
        assertThat(sample.halfWidth()).isNaN();
        assertThat(sample.chanceOfZero()).isNaN();
    }

    @Test
    void equalValuesAreCertain() {
        assertThat(new Sample(0, 0, 0).chanceOfZero()).isEqualTo(1);
        assertThat(new Sample(2, 2, 2).chanceOfZero()).isZero();
    }

    /** By hand: .005·4, .01·3, .03·2, and .04·1, which is raised to the one before. */
    @Test
    void holmMultipliesByWhatIsLeft() {
        assertThat(Sample.holm(.01, .04, .03, .005)).containsExactly(new double[] {.03, .06, .06, .02}, within(1e-12));
        assertThat(Sample.holm(.9, Double.NaN, .8)).containsExactly(1, Double.NaN, 1);
    }
}
