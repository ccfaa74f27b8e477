package org.erat.cluster;

import java.nio.file.Path;

/** The checkout under test, its scripts and the Spark installation that they assemble. */
public final class Project {
    private static final Path HOME =
            Path.of(System.getProperty("erat.home")).toAbsolutePath().normalize();

    private static boolean assembled;

    private Project() {}

    public static Path file(String name) {
        return HOME.resolve(name);
    }

    /** SPARK_HOME as {@code submit/erat} assembles it; the first call waits until it is there. */
    public static synchronized Path sparkHome() {
        if (!assembled) {
            Submission.of("--version").master("local[1]").run().succeeded();
            assembled = true;
        }
        return file(".spark-runtime");
    }
}
