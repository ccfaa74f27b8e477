package org.erat.training.average;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** The change A' = T·A, B' = B·T⁻¹ with T = [2 1; 0 4], worked out by hand: T⁻ᵀ = [1/2 0; −1/8 1/4]. */
class BasisChangeTest {
    /** A few roundings of values below 300. */
    private static final double ROUNDING = 1e-12;

    private static final int IN = 3;
    private static final int OUT = 2;

    /** a, b, first moments of a and b, second moments of a and b, counts of a and b. */
    private static final double[][] BEFORE = {
        {1, 0, 2, /**/ 8, 0, /**/ 1, 2, 3, /**/ 4, 5, /**/ 1, 4, 9, /**/ 16, 25, /**/ 3, 5},
        {0, 1, 1, /**/ 0, 8, /**/ 6, 7, 8, /**/ 9, 1, /**/ 4, 0, 1, /**/ 64, 81, /**/ 8, 10}
    };

    private static final double[][] T = {{2, 1}, {0, 4}};
    private static final double[][] INVERSE_TRANSPOSED = {{0.5, 0}, {-0.125, 0.25}};

    private static double[][] after() {
        double[][] after = new double[2][BEFORE[0].length];
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                for (int c = 0; c < IN + OUT; c++) {
                    after[i][c] += (c < IN ? T : INVERSE_TRANSPOSED)[i][j] * BEFORE[j][c];
                }
            }
        }
        return after;
    }

    @Test
    void isFoundByLeastSquares() {
        BasisChange change = BasisChange.between(BEFORE, after(), IN, OUT);
        for (int i = 0; i < 2; i++) {
            assertThat(change.ofA()[i]).containsExactly(T[i], within(ROUNDING));
            assertThat(change.ofB()[i]).containsExactly(INVERSE_TRANSPOSED[i], within(ROUNDING));
        }
    }

    @Test
    void momentsOfAGoWithBAndThoseOfBWithA() {
        double[][] after = after();

        BasisChange.between(BEFORE, after, IN, OUT).carryState(BEFORE, after);

        double[][] expected = {
            {0.5, 1, 1.5, /**/ 17, 11, /**/ 0.25, 1, 2.25, /**/ 128, 181, /**/ 3, (4 * 5 + 10) / 5.0},
            {
                -0.125 + 1.5,
                -0.25 + 1.75,
                -0.375 + 2, /**/
                36,
                4, /**/
                1 / 64.0 + 4 / 16.0,
                4 / 64.0,
                9 / 64.0 + 1 / 16.0, /**/
                1024,
                1296, /**/
                (3 + 4 * 8) / 5.0,
                10
            }
        };
        for (int i = 0; i < 2; i++) {
            assertThat(java.util.Arrays.copyOfRange(after[i], IN + OUT, after[i].length))
                    .containsExactly(expected[i], within(ROUNDING));
        }
    }

    @Test
    void aRowOfZerosHasNoMomentsAndNoCount() {
        double[][] after = after();
        java.util.Arrays.fill(after[1], IN, IN + OUT, 0);

        BasisChange.between(BEFORE, after, IN, OUT).carryState(BEFORE, after);

        assertThat(java.util.Arrays.copyOfRange(after[1], IN + OUT, 2 * IN + OUT))
                .containsOnly(0);
        assertThat(after[1][3 * (IN + OUT)]).isZero();
    }
}
