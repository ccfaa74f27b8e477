package org.erat.data.storage;

import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.SparkSession;

/** Tables at a path that is a name. By itself Spark takes it for a pattern, in which {@code [x]} and {@code {y}} mean others. */
public final class ExactPaths {
    private ExactPaths() {}

    /** A reader that takes every character of a path as it is. */
    public static DataFrameReader reader(SparkSession spark) {
        // What Spark calls DataSource.GLOB_PATHS_KEY.
        return spark.read().option("__globPaths__", false);
    }
}
