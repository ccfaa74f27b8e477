package org.erat.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SliceTest {
    private final FakeShards shards = FakeShards.of(3, 8, 4);

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void slicesCoverEveryValueThatTravelsOnce(boolean withState) {
        int[] covered = new int[shards.layout().parameters() + shards.layout().stateLength()];
        for (Slice slice : Slice.of(shards.layout(), withState)) {
            for (int row = 0; row < slice.rows(); row++) {
                slice.forEachRun(row, (from, to) -> {
                    for (int i = from; i < to; i++) {
                        covered[i]++;
                    }
                });
            }
        }

        int travelling = withState ? covered.length : shards.layout().parameters();
        assertThat(Arrays.copyOf(covered, travelling)).containsOnly(1);
        assertThat(Arrays.stream(covered).skip(travelling)).allMatch(times -> times == 0);
    }

    @Test
    void aLargeHeadIsCutIntoSegmentsThatAreAveragedByTheTargets() {
        // A dense layer of 200 x 200 values is more than two segments of 16,384.
        FakeShards large = FakeShards.of(1, 200, 2);
        int[][] rowWeights = {{1, 2}, {3, 4}};

        assertThat(Slice.of(large.layout(), true).stream().filter(slice -> slice.slot() == Slice.HEAD))
                .hasSize(3)
                .allSatisfy(slice -> assertThat(slice.coverage(rowWeights, 17)).containsExactly(17));
        assertThat(Slice.of(large.layout(), true).get(1).coverage(rowWeights, 17))
                .containsExactly(3, 4);
    }
}
