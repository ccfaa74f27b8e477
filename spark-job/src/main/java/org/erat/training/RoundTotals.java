package org.erat.training;

import java.io.Serializable;
import java.util.stream.Stream;
import javax.annotation.Nullable;

/**
 * What the shards of a round did, taken together.
 *
 * @param steps local steps
 * @param examples seen
 * @param tokens seen, without padding
 * @param paddedTokens padding
 * @param lossSum sum over the examples
 * @param windowRows rows in the windows of all blocks and steps
 * @param bytes that the shards sent
 * @param slowestNanos longest time of a shard's local steps
 * @param divergence the first of them, or null
 */
record RoundTotals(
        long steps,
        long examples,
        long tokens,
        long paddedTokens,
        double lossSum,
        long windowRows,
        long bytes,
        long slowestNanos,
        @Nullable Divergence divergence)
        implements Serializable {
    static final RoundTotals NONE = new RoundTotals(0, 0, 0, 0, 0, 0, 0, 0, null);

    static RoundTotals of(ShardResult result) {
        return new RoundTotals(
                result.steps(),
                result.examples(),
                result.tokens(),
                result.paddedTokens(),
                result.lossSum(),
                result.windowRows(),
                result.bytes(),
                result.nanos(),
                result.divergence());
    }

    RoundTotals plus(RoundTotals other) {
        return new RoundTotals(
                steps + other.steps,
                examples + other.examples,
                tokens + other.tokens,
                paddedTokens + other.paddedTokens,
                lossSum + other.lossSum,
                windowRows + other.windowRows,
                bytes + other.bytes,
                Math.max(slowestNanos, other.slowestNanos),
                Stream.of(divergence, other.divergence)
                        .flatMap(Stream::ofNullable)
                        .min(Divergence.ORDER)
                        .orElse(null));
    }
}
