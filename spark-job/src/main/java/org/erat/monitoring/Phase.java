package org.erat.monitoring;

import java.util.function.Supplier;
import org.apache.spark.SparkContext;

/** Names jobs and stages in Spark's UI and logs by the work that they belong to. */
public final class Phase {
    private static final String DESCRIPTION = "spark.job.description";

    private Phase() {}

    /**
     * Runs {@code work} under a name, such as "round 12 of 40: local training". The name is that of jobs which this thread
     * starts meanwhile, and of the stages of RDDs which it defines.
     */
    public static <T> T named(SparkContext spark, String name, Supplier<T> work) {
        String outer = spark.getLocalProperty(DESCRIPTION);
        spark.setJobDescription(name);
        spark.setCallSite(name);
        try {
            return work.get();
        } finally {
            spark.clearCallSite();
            spark.setJobDescription(outer);
        }
    }
}
