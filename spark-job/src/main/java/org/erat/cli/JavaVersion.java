package org.erat.cli;

import java.util.List;
import java.util.Optional;

/** Versions of Java that this job runs on: those of Spark 3.5, from the one that its classes are compiled for. */
final class JavaVersion {
    private static final List<Integer> USABLE = List.of(17, 21);

    private JavaVersion() {}

    /** What is wrong with the Java that runs this, if anything. */
    static Optional<String> problem() {
        return problem(
                Runtime.version().feature(), System.getProperty("java.version"), System.getProperty("java.home"));
    }

    /**
     * What is wrong with a Java, if anything.
     *
     * @param feature its major version
     * @param version its full version
     * @param home where it is installed
     */
    static Optional<String> problem(int feature, String version, String home) {
        return USABLE.contains(feature)
                ? Optional.empty()
                : Optional.of(home + " is Java " + version + ". Spark needs Java 17 or 21: set JAVA_HOME to one"
                        + " (JAVA_HOME=/path/to/jdk-17).");
    }
}
