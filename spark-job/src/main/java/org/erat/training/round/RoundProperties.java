package org.erat.training.round;

import java.util.Map;

/** Spark properties that rounds are quick with, where neither the user nor the cluster sets others. */
public final class RoundProperties {
    /** By name. */
    public static final Map<String, String> DEFAULTS = Map.of(
            // Trained floats are noise to a compressor: lz4 takes 7 % off them and costs more than sending them.
            "spark.broadcast.compress", "false",
            // A shard's result goes with its task's last message, not through the block manager afterwards.
            "spark.task.maxDirectResultSize", "64m",
            // A result is serialized in one piece.
            "spark.kryoserializer.buffer.max", "1g",
            // One stream for all pieces of a shard, not a file and a serializer for each.
            "spark.shuffle.sort.bypassMergeThreshold", "1",
            // Moving a shard's examples takes less than waiting for the executor that has them: its task runs a round.
            "spark.locality.wait", "0");

    private RoundProperties() {}
}
