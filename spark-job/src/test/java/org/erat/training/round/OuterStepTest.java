package org.erat.training.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class OuterStepTest {
    private static final boolean[] BOTH = {true, true};

    @Test
    void withoutMomentumItIsAFractionOfTheWayToTheAverage() {
        float[] next = new OuterStep(0.5, 0).apply(new float[] {1, -2}, new float[] {3, -2}, BOTH, new float[0]);
        assertThat(next).containsExactly(2, -2);
    }

    @Test
    void nesterovMomentumFollowsItsFormula() {
        OuterStep step = new OuterStep(0.7, 0.9);
        float[] buffer = new float[2];
        // g = θ − θ̄ = 1: b = 1, θ − 0.7·(1 + 0.9·1) = 2 − 1.33
        float[] first = step.apply(new float[] {2, 0}, new float[] {1, 0}, BOTH, buffer);
        assertThat(first[0]).isEqualTo(0.67f);
        // g = 0.67 − 0.17 = 0.5: b = 0.9 + 0.5 = 1.4, θ − 0.7·(0.5 + 0.9·1.4) = 0.67 − 1.232
        float[] second = step.apply(first, new float[] {0.17f, 0}, BOTH, buffer);
        assertThat(second[0]).isCloseTo(-0.562f, within(1e-6f));
    }

    @Test
    void aValueThatNobodyTrainedStays() {
        float[] buffer = {5, 5};
        float[] next = new OuterStep(0.7, 0.9)
                .apply(new float[] {2, 3}, new float[] {2, 3}, new boolean[] {false, false}, buffer);
        assertThat(next).containsExactly(2, 3);
        assertThat(buffer).containsExactly(5, 5);
    }
}
