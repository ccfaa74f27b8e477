package org.erat.training;

import java.io.Serializable;
import java.util.Arrays;
import java.util.stream.Stream;
import javax.annotation.Nullable;

/**
 * What the shards of a round did, taken together.
 *
 * @param steps local steps
 * @param examples seen
 * @param targets seen
 * @param tokens seen, without padding
 * @param paddedTokens padding
 * @param lossSum sum over the targets
 * @param activeRows rows that learned, over all slots and steps
 * @param rowWeights n[slot][row]: weight of the steps in which each row was active, of all shards; empty without shards
 * @param bytes that the shards sent
 * @param slowestNanos longest time of a shard's local steps
 * @param divergence the first of them, or null
 */
public record RoundTotals(
        long steps,
        long examples,
        long targets,
        long tokens,
        long paddedTokens,
        double lossSum,
        long activeRows,
        long[][] rowWeights,
        long bytes,
        long slowestNanos,
        @Nullable Divergence divergence)
        implements Serializable {
    public static final RoundTotals NONE = new RoundTotals(0, 0, 0, 0, 0, 0, 0, new long[0][], 0, 0, null);

    public static RoundTotals of(ShardResult result) {
        return new RoundTotals(
                result.steps(),
                result.examples(),
                result.targets(),
                result.tokens(),
                result.paddedTokens(),
                result.lossSum(),
                result.activeRows(),
                widened(result.rowWeights()),
                result.bytes(),
                result.nanos(),
                result.divergence());
    }

    public RoundTotals plus(RoundTotals other) {
        return new RoundTotals(
                steps + other.steps,
                examples + other.examples,
                targets + other.targets,
                tokens + other.tokens,
                paddedTokens + other.paddedTokens,
                lossSum + other.lossSum,
                activeRows + other.activeRows,
                sum(rowWeights, other.rowWeights),
                bytes + other.bytes,
                Math.max(slowestNanos, other.slowestNanos),
                Stream.of(divergence, other.divergence)
                        .flatMap(Stream::ofNullable)
                        .min(Divergence.ORDER)
                        .orElse(null));
    }

    private static long[][] widened(int[]... weights) {
        return Arrays.stream(weights)
                .map(rows -> Arrays.stream(rows).asLongStream().toArray())
                .toArray(long[][]::new);
    }

    /** A shard that diverged has none. */
    private static long[][] sum(long[][] one, long[]... other) {
        if (one.length == 0 || other.length == 0) {
            return one.length == 0 ? other : one;
        }
        long[][] sum = new long[one.length][];
        for (int slot = 0; slot < one.length; slot++) {
            sum[slot] = one[slot].clone();
            for (int row = 0; row < sum[slot].length; row++) {
                sum[slot][row] += other[slot][row];
            }
        }
        return sum;
    }
}
