package org.erat.training.round;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class SkippingIteratorTest {
    @Test
    void skippingPassesOverElementsOfAnyIterator() {
        Iterator<Integer> plain = List.of(1, 2, 3).iterator();
        SkippingIterator.skip(plain, 2);
        assertThat(plain.next()).isEqualTo(3);
        SkippingIterator.skip(plain, 5);
        assertThat(plain.hasNext()).isFalse();
    }

    @Test
    void elementsThatAreSkippedAreNotMade() {
        List<Integer> made = new ArrayList<>();
        SkippingIterator<Integer> mapped = SkippingIterator.map(List.of(1, 2, 3).iterator(), element -> {
            made.add(element);
            return 10 * element;
        });

        SkippingIterator.skip(mapped, 2);

        assertThat(mapped.next()).isEqualTo(30);
        assertThat(mapped.hasNext()).isFalse();
        assertThat(made).containsExactly(3);
    }
}
