package org.erat.training.round;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.erat.training.Divergence;
import org.erat.training.RoundTotals;
import org.erat.training.ShardResult;
import org.junit.jupiter.api.Test;

class DivergedExceptionTest {
    @Test
    void whicheverShardEndsFirstTheLowestStepAndThenTheLowestShardIsNamed() {
        List<ShardResult> results = new ArrayList<>();
        for (int[] at : new int[][] {{5, 0}, {3, 2}, {3, 1}, {4, 3}}) {
            results.add(ShardResult.diverged(at[1], new Divergence(at[0], at[1], 1, "Loss NaN")));
        }
        for (int rotation = 0; rotation < results.size(); rotation++) {
            Collections.rotate(results, 1);
            RoundTotals totals = results.stream().map(RoundTotals::of).reduce(RoundTotals.NONE, RoundTotals::plus);
            assertThatThrownBy(() -> DivergedException.throwFirst(totals))
                    .isInstanceOf(DivergedException.class)
                    .hasMessageContaining("at local step 3 of shard 1");
        }
    }
}
