package org.erat.cli;

import java.io.FileNotFoundException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.lang3.StringUtils;
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

    /** What the loader of native code says of a file system that forbids execution. */
    private static final String NOT_EXECUTABLE = "failed to map segment from shared object";

    private static final String DISK_FULL = "No space left on device";

    /** Words by which Spark says that it gave up for want of executors or of the data that they held. */
    private static final List<String> CLUSTER_LOST = List.of(
            "ExecutorLostFailure",
            "has failed the maximum allowable number of times",
            "Master removed our application",
            "All masters are unresponsive");

    /** A value out of a file may be as long as the file; what is wrong and what to do stand around it. */
    private static final int LONGEST_MESSAGE = 1500;

    Failure {
        message = StringUtils.abbreviateMiddle(message, " … ", LONGEST_MESSAGE);
    }

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
        Optional<String> unloadable = lastLine(String.valueOf(cause.getMessage()), NOT_EXECUTABLE);
        if (unloadable.isPresent()) {
            return new Failure(
                    2,
                    "Native code cannot be loaded (" + unloadable.get()
                            + "): its folder is on a file system that is mounted noexec. Name another folder with"
                            + " -Djava.io.tmpdir=... or -Dorg.bytedeco.javacpp.cachedir=... in"
                            + " spark.driver.extraJavaOptions and spark.executor.extraJavaOptions, or with DJL_CACHE_DIR in"
                            + " the environment and spark.executorEnv.DJL_CACHE_DIR.",
                    false);
        }
        Failure lost = lost(cause, String.valueOf(cause.getMessage()));
        if (lost != null) {
            return lost;
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
        Matcher damaged = DAMAGED_DATA.matcher(String.valueOf(cause.getMessage()));
        if (damaged.find()) {
            return new Failure(
                    3,
                    damaged.group(1) + " is damaged (" + damaged.group(2)
                            + "). Prepare the data again, into a new folder, and name that one.",
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

    /** What came from outside: the run was in order and goes on when there is room, or a cluster, again. */
    private static Failure lost(Throwable cause, String message) {
        Optional<String> full = lastLine(message, DISK_FULL);
        if (full.isPresent()) {
            return new Failure(
                    5,
                    "A disk is full: " + full.get()
                            + ". Make room there and submit the same command again: a run resumes from its last"
                            + " checkpoint.",
                    false);
        }
        boolean ofSpark =
                cause instanceof SparkException && CLUSTER_LOST.stream().anyMatch(message::contains);
        if (ofSpark || message.contains("SparkContext was shut down") || message.contains("stopped SparkContext")) {
            return new Failure(
                    5,
                    "Spark was stopped or lost its executors ("
                            + message.lines().findFirst().orElse("")
                            + "). Submit the same command again: a run resumes from its last checkpoint.",
                    false);
        }
        return null;
    }

    /** The last line of a task's error that has these words is the one that has a path. */
    private static Optional<String> lastLine(String message, String words) {
        return message.lines()
                .filter(line -> line.contains(words))
                .map(String::strip)
                .reduce((first, last) -> last);
    }

    private static String describe(Throwable thrown) {
        return thrown.getMessage() == null ? thrown.getClass().getName() : thrown.getMessage();
    }
}
