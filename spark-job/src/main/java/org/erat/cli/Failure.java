package org.erat.cli;

import java.io.FileNotFoundException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.SparkException;
import org.erat.data.EratException;

/**
 * What the user is told about a failure.
 *
 * @param exitCode exit code of the process
 * @param message one line: what is wrong, where, and what to do
 * @param unexpected whether the stack trace is of use to the user
 */
record Failure(int exitCode, String message, boolean unexpected) {
    /** What Spark says about a file that Parquet cannot make sense of, with Parquet's own words somewhere below. */
    private static final Pattern DAMAGED_DATA =
            Pattern.compile("Encountered error while reading file (\\S+?)\\.? (?s:.*?)(CRC checksum verification failed"
                    + "|org\\.apache\\.parquet\\.[\\w.]*Exception[^\\n]*|is not a Parquet file[^\\n]*)");

    /** The first cause that says what to do; Spark wraps what a task threw in exceptions of its own. */
    static Failure of(Throwable thrown) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Throwable cause = thrown; cause != null && seen.add(cause); cause = cause.getCause()) {
            Failure known = known(cause);
            if (known != null) {
                return known;
            }
        }
        return new Failure(1, describe(thrown), true);
    }

    /** Whether what went on in the cluster explains it, rather than the message. */
    boolean ofTheCluster() {
        return exitCode == 1 || exitCode == 5;
    }

    private static Failure known(Throwable cause) {
        if (cause instanceof EratException e) {
            return new Failure(e.exitCode(), e.getMessage(), false);
        }
        if (cause instanceof NoSuchFileException || cause instanceof FileNotFoundException) {
            return new Failure(3, "No such file or no permission to use it: " + cause.getMessage(), false);
        }
        if (cause instanceof AccessDeniedException || cause instanceof AccessControlException) {
            return new Failure(
                    3,
                    "No permission: " + cause.getMessage() + ". Give permission there or choose another path.",
                    false);
        }
        String message = String.valueOf(cause.getMessage());
        Matcher damaged = DAMAGED_DATA.matcher(message);
        if (damaged.find()) {
            return new Failure(
                    3,
                    damaged.group(1) + " is damaged (" + damaged.group(2)
                            + "). Prepare the data again, into a new folder, and name that one.",
                    false);
        }
        boolean executorsLost = cause instanceof SparkException && message.contains("ExecutorLostFailure");
        if (executorsLost
                || message.contains("SparkContext was shut down")
                || message.contains("stopped SparkContext")) {
            return new Failure(
                    5,
                    "Spark was stopped or lost its executors ("
                            + message.lines().findFirst().orElse("")
                            + "). Submit the same command again: a run goes on from its last checkpoint.",
                    false);
        }
        if (cause instanceof OutOfMemoryError) {
            return new Failure(
                    1,
                    "Out of memory (" + cause.getMessage()
                            + "). Give more with --spark-conf spark.driver.memory=... or, on a"
                            + " cluster, --spark-conf spark.executor.memory=...",
                    true);
        }
        return null;
    }

    private static String describe(Throwable thrown) {
        return thrown.getMessage() == null ? thrown.getClass().getName() : thrown.getMessage();
    }
}
