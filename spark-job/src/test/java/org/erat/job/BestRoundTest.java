package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BestRoundTest {
    private static BestRound after(double leastGain, double... values) {
        BestRound best = BestRound.NONE;
        for (int i = 0; i < values.length; i++) {
            best = best.after(i + 1, values[i], leastGain);
        }
        return best;
    }

    @Test
    void theFirstOfEqualRoundsIsTheBest() {
        assertThat(after(0, 0.5, 0.7, 0.7, 0.6).round()).isEqualTo(2);
        assertThat(after(0, 0.5, 0.7, 0.7, 0.6).withoutGain()).isEqualTo(2);
    }

    @Test
    void smallGainsMakeABetterRoundAndCountOnceTheyAddUp() {
        BestRound slow = after(0.1, 0.5, 0.55, 0.59);
        assertThat(slow.round()).isEqualTo(3);
        assertThat(slow.withoutGain()).isEqualTo(2);
        assertThat(slow.after(4, 0.61, 0.1).withoutGain()).isZero();
    }

    @Test
    void aValueThatIsNotANumberIsNeverBetter() {
        assertThat(after(0, Double.NaN))
                .isEqualTo(new BestRound(0, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 1));
        assertThat(after(0, 0.5, Double.NaN).round()).isEqualTo(1);
    }

    @Test
    void itsTextGivesTheSameBits() {
        for (BestRound each : new BestRound[] {BestRound.NONE, after(0.1, 1 / 3.0, 0.35), after(0, -1e-300)}) {
            assertThat(BestRound.parse(each.toText())).isEqualTo(each);
        }
    }
}
