package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutMaskTest {
    private static final int SIZE = 1_000_000;

    /** The number kept is binomial: five standard deviations are left by chance once in two million runs. */
    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.1, 0.5, 0.9})
    void keepsTheRate(double rate) {
        for (long key = 0; key < 5; key++) {
            long kept = kept(new DropoutMask(rate, key, 0));
            double deviation = Math.sqrt(SIZE * rate * (1 - rate));
            assertThat((double) kept).isCloseTo(SIZE * (1 - rate), within(5 * deviation));
        }
    }

    private static long kept(DropoutMask mask) {
        long kept = 0;
        for (long i = 0; i < SIZE; i++) {
            kept += mask.keeps(i) ? 1 : 0;
        }
        return kept;
    }

    /** Of two independent masks at rate one half, one half of the elements agree; neighbours likewise. */
    @Test
    void masksOfDifferentKeysAndNeighboursAreIndependent() {
        DropoutMask first = new DropoutMask(0.5, 1, 0);
        DropoutMask second = new DropoutMask(0.5, 2, 0);
        int sameAcrossKeys = 0;
        int sameAsNeighbour = 0;
        for (long i = 0; i < SIZE; i++) {
            sameAcrossKeys += first.keeps(i) == second.keeps(i) ? 1 : 0;
            sameAsNeighbour += first.keeps(i) == first.keeps(i + 1) ? 1 : 0;
        }
        assertThat((double) sameAcrossKeys).isCloseTo(SIZE / 2.0, within(5 * Math.sqrt(SIZE / 4.0)));
        assertThat((double) sameAsNeighbour).isCloseTo(SIZE / 2.0, within(5 * Math.sqrt(SIZE / 4.0)));
    }

    @Test
    void theEndOfAMaskIsOneToo() {
        DropoutMask whole = new DropoutMask(0.5, 7, 0);
        DropoutMask end = new DropoutMask(0.5, 7, 12);
        for (int i = 0; i < 100; i++) {
            assertThat(end.keeps(i)).isEqualTo(whole.keeps(12 + i));
        }
    }

    @Test
    void scalesWhatIsKeptWhereverARowStarts() {
        DropoutMask mask = new DropoutMask(0.25, 17, 0);
        for (int first = 0; first < 4; first++) {
            for (int length = 1; length < 6; length++) {
                float[] row = new float[length];
                Arrays.fill(row, 3);
                mask.apply(row, first);
                for (int i = 0; i < length; i++) {
                    assertThat(row[i]).isEqualTo(mask.keeps(first + i) ? 4 : 0);
                }
            }
        }
    }
}
