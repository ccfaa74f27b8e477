package org.erat.monitoring;

import java.util.function.Supplier;
import org.apache.spark.SparkContext;

/** A piece of work whose jobs and stages carry its name in Spark's UI and logs. */
public final class Phase {
    private static final String DESCRIPTION = "spark.job.description";

    private Phase() {}

    /**
     * Works under a name, such as "round 12 of 40: local training". Applies to jobs that this thread starts, and to the
     * stages of data that it defines.
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
