package org.erat.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What runs in a process, as the system tells. */
public final class Processes {
    private Processes() {}

    /** Whether a process runs this Java class. */
    public static boolean runs(ProcessHandle process, String className) {
        try {
            String words = Files.readString(
                    Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1);
            return words.contains("\0" + className + "\0");
        } catch (IOException e) {
            return false; // It has ended meanwhile.
        }
    }

    /** Whether a process is an executor of Spark, on a standalone cluster or on YARN. */
    public static boolean isExecutor(ProcessHandle process) {
        return runs(process, "org.apache.spark.executor.CoarseGrainedExecutorBackend")
                || runs(process, "org.apache.spark.executor.YarnCoarseGrainedExecutorBackend");
    }
}
