package org.erat.data.tokenized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class PaddedBatchTest {
    @Test
    void padsAtTheRightToTheLongest() {
        PackedExamples examples = new PackedExamplesBuilder()
                .add(10, new int[] {1, 2}, new int[] {0, 1}, 0)
                .add(11, new int[] {3}, new int[] {0}, 1)
                .add(12, new int[] {4, 5, 6}, new int[] {0, 1, 1}, 2)
                .build();

        PaddedBatch batch = PaddedBatch.of(examples, new int[] {2, 0}, 99);

        assertThat(batch.size()).isEqualTo(2);
        assertThat(batch.length()).isEqualTo(3);
        assertThat(batch.tokenIds()).containsExactly(4, 5, 6, 1, 2, 99);
        assertThat(batch.typeIds()).containsExactly(0, 1, 1, 0, 1, 0);
        assertThat(batch.lengths()).containsExactly(3, 2);
        assertThat(batch.labels()).containsExactly(2, 0);
        assertThat(batch.ids()).containsExactly(12, 10);
        assertThat(batch.tokenCount()).isEqualTo(5);
    }

    @Test
    void isNotMadeOfNothing() {
        PackedExamples examples = Examples.ofLengths(List.of(1));

        assertThatThrownBy(() -> PaddedBatch.of(examples, new int[0], 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
