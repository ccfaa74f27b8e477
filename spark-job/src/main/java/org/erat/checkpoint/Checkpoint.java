package org.erat.checkpoint;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import javax.annotation.Nullable;

/**
 * The state from which a run continues as if it had never stopped.
 *
 * @param round number of complete rounds, 1 to 999,999
 * @param step number of complete local steps of a shard, 0 or more
 * @param params the flat parameter vector: adapters, then task head
 * @param optimizer optimizer state, empty if none is kept between rounds
 * @param momentum momentum of the outer step, or null if it has none
 * @param best the parameters of the best round so far, or null if rounds are not measured
 * @param extra anything else that the training loop keeps, as text
 */
public record Checkpoint(
        int round,
        long step,
        float[] params,
        float[] optimizer,
        @Nullable float[] momentum,
        @Nullable float[] best,
        Map<String, String> extra) {
    public Checkpoint {
        if (round < 1 || round > 999_999) {
            throw new IllegalArgumentException("round " + round + " is not in 1..999999");
        }
        if (step < 0) {
            throw new IllegalArgumentException("step " + step + " is negative");
        }
        Objects.requireNonNull(params, "params");
        Objects.requireNonNull(optimizer, "optimizer");
        extra = Map.copyOf(extra);
    }

    /** The arrays by the name of their file, sorted. */
    Map<String, float[]> arrays() {
        Map<String, float[]> arrays = new TreeMap<>();
        arrays.put("params", params);
        arrays.put("optimizer", optimizer);
        if (momentum != null) {
            arrays.put("momentum", momentum);
        }
        if (best != null) {
            arrays.put("best", best);
        }
        return arrays;
    }
}
