package org.erat.checkpoint;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What a run needs to go on as though it had never stopped.
 *
 * @param round rounds that are complete, from 1
 * @param step local steps of a shard that are complete
 * @param params the flat parameter vector: adapters, then task head
 * @param optimizer optimizer state, empty where none is kept between rounds
 * @param momentum momentum of the outer step, or null where it has none
 * @param extra whatever else the training loop keeps, as text
 */
public record Checkpoint(
        int round, long step, float[] params, float[] optimizer, float[] momentum, Map<String, String> extra) {
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

    /** The arrays by the name of their file, in a fixed order. */
    Map<String, float[]> arrays() {
        Map<String, float[]> arrays = new TreeMap<>();
        arrays.put("params", params);
        arrays.put("optimizer", optimizer);
        if (momentum != null) {
            arrays.put("momentum", momentum);
        }
        return arrays;
    }
}
