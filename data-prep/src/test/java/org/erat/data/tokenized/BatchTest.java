package org.erat.data.tokenized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.erat.data.tokenized.Targets.NONE;

import java.util.List;
import org.junit.jupiter.api.Test;

class BatchTest {
    @Test
    void padsAtTheRightToTheLongest() {
        // No float holds 2^24 + 1.
        int many = (1 << 24) + 1;
        PackedExamples examples = new PackedExamplesBuilder(TaskType.CLASSIFICATION)
                .add(10, new int[] {1, 2}, new int[] {0, 1}, Examples.label(0))
                .add(11, new int[] {3}, new int[] {0}, Examples.label(1))
                .add(12, new int[] {4, 5, 6}, new int[] {0, 1, 1}, Examples.label(many))
                .build();

        Batch batch = Batch.of(examples, new int[] {2, 0}, 99);

        assertThat(batch.size()).isEqualTo(2);
        assertThat(batch.tokens()).isEqualTo(3);
        assertThat(batch.tokenIds()).containsExactly(4, 5, 6, 1, 2, 99);
        assertThat(batch.typeIds()).containsExactly(0, 1, 1, 0, 1, 0);
        assertThat(batch.lengths()).containsExactly(3, 2);
        assertThat(((Targets.Classes) batch.targets()).classes()).containsExactly(many, 0);
        assertThat(batch.targets().count()).isEqualTo(2);
        assertThat(batch.ids()).containsExactly(12, 10);
        assertThat(batch.tokenCount()).isEqualTo(5);
    }

    @Test
    void numbersKeepTheirOrder() {
        PackedExamples examples = new PackedExamplesBuilder(TaskType.REGRESSION)
                .add(0, new int[] {1}, new int[1], Examples.number(0.5f))
                .add(1, new int[] {2}, new int[1], Examples.number(-2))
                .build();

        Targets targets = Batch.of(examples, new int[] {1, 0}, 0).targets();

        assertThat(((Targets.Numbers) targets).numbers()).containsExactly(-2, 0.5f);
        assertThat(targets.count()).isEqualTo(2);
    }

    @Test
    void classesOfTokensArePaddedWithNone() {
        PackedExamples examples = new PackedExamplesBuilder(TaskType.TOKEN_CLASSIFICATION)
                .add(0, new int[] {1, 2}, new int[2], Examples.labels(NONE, 7))
                .add(1, new int[] {3}, new int[1], Examples.labels(4))
                .add(2, new int[] {4, 5, 6}, new int[3], Examples.labels(NONE, 5, 6))
                .build();

        Targets targets = Batch.of(examples, new int[] {2, 0, 1}, 99).targets();

        assertThat(((Targets.TokenClasses) targets).classes())
                .containsExactly(NONE, 5, 6, NONE, 7, NONE, 4, NONE, NONE);
        assertThat(targets.count()).isEqualTo(4);
    }

    @Test
    void isNotMadeOfNothing() {
        PackedExamples examples = Examples.ofLengths(List.of(1));

        assertThatThrownBy(() -> Batch.of(examples, new int[0], 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void arraysThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> new Batch(
                        new int[6], new int[6], new int[] {3, 2}, new long[2], new Targets.Classes(new int[3])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 targets");
        assertThatThrownBy(() -> new Batch(
                        new int[6], new int[6], new int[] {3, 2}, new long[2], new Targets.TokenClasses(new int[2])))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
