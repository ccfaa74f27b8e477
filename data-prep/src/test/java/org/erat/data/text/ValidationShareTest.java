package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Split;
import org.junit.jupiter.api.Test;

class ValidationShareTest {
    /** Of 20,000 rows 400 are expected; 5 standard deviations are 5·√(20000·0.02·0.98) = 99. */
    @Test
    void takesAboutTheShareAskedFor() {
        assertThat(count(new ValidationShare(0.02, 1))).isCloseTo(400, within(99L));
    }

    @Test
    void aSmallerShareIsPartOfALargerOne() {
        ValidationShare small = new ValidationShare(0.1, 1);
        ValidationShare large = new ValidationShare(0.3, 1);

        assertThat(IntStream.range(0, 1000).mapToObj(ValidationShareTest::row))
                .allSatisfy(row -> assertThat(small.of(row) == Split.TRAIN || large.of(row) == Split.VALIDATION)
                        .isTrue());
    }

    @Test
    void equalTextsFallOnTheSameSideWhateverTheirLabels() {
        ValidationShare share = new ValidationShare(0.5, 1);

        assertThat(IntStream.range(0, 100)).allSatisfy(i -> assertThat(share.of(TextRow.of("text " + i, "p", "a")))
                .isEqualTo(share.of(TextRow.of("text " + i, "p", "b"))));
    }

    @Test
    void anotherSeedTakesOtherRows() {
        ValidationShare one = new ValidationShare(0.5, 1);
        ValidationShare two = new ValidationShare(0.5, 2);

        // Agreement by chance: 500 of 1000, with a standard deviation of 15.8.
        assertThat(IntStream.range(0, 1000)
                        .mapToObj(ValidationShareTest::row)
                        .filter(row -> one.of(row) == two.of(row))
                        .count())
                .isCloseTo(500, within(79L));
    }

    @Test
    void nothingAndAllAreNoShares() {
        assertThatThrownBy(() -> new ValidationShare(0, 1)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> new ValidationShare(1, 1)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> new ValidationShare(Double.NaN, 1)).isInstanceOf(UsageException.class);
    }

    private static long count(ValidationShare share) {
        return IntStream.range(0, 20_000)
                .mapToObj(ValidationShareTest::row)
                .filter(row -> share.of(row) == Split.VALIDATION)
                .count();
    }

    private static TextRow row(int i) {
        return TextRow.of("row number " + i, null, "x");
    }
}
