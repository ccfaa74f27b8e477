package org.erat.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The checkout under test: its scripts, and the job's jar and the Spark installation that they make. */
final class Checkout {
    private static final Path HOME =
            Path.of(System.getProperty("erat.home")).toAbsolutePath().normalize();

    private static boolean built;

    private Checkout() {}

    static Path file(String name) {
        return HOME.resolve(name);
    }

    /** SPARK_HOME as {@code submit/erat} assembles it. The first call waits until it is there. */
    static Path sparkHome() {
        build();
        return file(".spark-runtime");
    }

    /** The job's jar and the classes of these tests as a class path. */
    static String classPath() {
        build();
        Path module = file("spark-job/target");
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(module, "spark-job-*-all.jar")) {
            return jars.iterator().next() + File.pathSeparator + module.resolve("test-classes");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static synchronized void build() {
        if (!built) {
            Submission.of("--version").master("local[1]").run().exits(0);
            built = true;
        }
    }
}
