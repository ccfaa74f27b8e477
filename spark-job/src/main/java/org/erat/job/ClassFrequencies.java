package org.erat.job;

import org.apache.spark.api.java.JavaRDD;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Targets;

/** How often each class is among the targets of examples. */
final class ClassFrequencies {
    private ClassFrequencies() {}

    /** @param classes C */
    static long[] of(JavaRDD<PackedExamples> shards, int classes) {
        return shards.map(shard -> counts(shard, classes)).reduce(ClassFrequencies::sum);
    }

    private static long[] counts(PackedExamples shard, int classes) {
        long[] counts = new long[classes];
        int[] targets = shard.targets() instanceof Targets.TokenClasses tokens
                ? tokens.known()
                : ((Targets.Classes) shard.targets()).classes();
        for (int target : targets) {
            counts[target]++;
        }
        return counts;
    }

    private static long[] sum(long[] one, long... other) {
        long[] sum = one.clone();
        for (int c = 0; c < sum.length; c++) {
            sum[c] += other[c];
        }
        return sum;
    }
}
