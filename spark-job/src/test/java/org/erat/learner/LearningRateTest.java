package org.erat.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.erat.config.TrainingSettings.Decay;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tolerance 1e-15: a learning rate of 4e-4 rounded a few times in double precision. */
class LearningRateTest {
    private static final double PEAK = 4e-4;

    /** Warm-up over 10 of 110 steps: (step + 1)/10, then the share of the other 100 steps that is left. */
    @ParameterizedTest
    @CsvSource({
        "LINEAR, 0, 0.1",
        "LINEAR, 4, 0.5",
        "LINEAR, 9, 1",
        "LINEAR, 10, 1",
        "LINEAR, 35, 0.75",
        "LINEAR, 109, 0.01",
        "LINEAR, 110, 0",
        "LINEAR, 500, 0",
        "COSINE, 4, 0.5",
        "COSINE, 10, 1",
        "COSINE, 35, 0.8535533905932737",
        "COSINE, 60, 0.5",
        "COSINE, 110, 0",
        "CONSTANT, 4, 0.5",
        "CONSTANT, 10, 1",
        "CONSTANT, 500, 1",
    })
    void followsItsFormula(Decay decay, long step, double share) {
        assertThat(new LearningRate(PEAK, 10, 110, decay).at(step)).isCloseTo(PEAK * share, within(1e-15));
    }

    @Test
    void withoutWarmupTheFirstStepHasThePeak() {
        assertThat(new LearningRate(PEAK, 0, 100, Decay.LINEAR).at(0)).isEqualTo(PEAK);
    }

    @Test
    void aRunThatIsAllWarmupHasNoDecay() {
        assertThat(new LearningRate(PEAK, 5, 5, Decay.COSINE).at(4)).isEqualTo(PEAK);
    }
}
