package org.erat.cli;

import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;

/**
 * The log of Spark and its libraries on the screen. Once the command has said how it ended, what they have to tell about
 * stopping is of no use: connections that close, tasks that come too late.
 */
final class SparkLog {
    private static volatile boolean endsWithTheCommand;

    private SparkLog() {}

    /** Says that the process is this command's alone, so that {@link #end} has an effect. */
    static void endsWithTheCommand() {
        endsWithTheCommand = true;
    }

    /** Ends the log. In a process that goes on, such as a notebook's, it stays as it is. */
    static void end() {
        if (!endsWithTheCommand) {
            return;
        }
        // Threads that are left behind as the process ends.
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> {});
        try {
            Configurator.setAllLevels(LogManager.ROOT_LOGGER_NAME, Level.OFF);
        } catch (LinkageError e) {
            // Spark logs by another library here, in which nothing of this is set.
            return;
        }
    }
}
