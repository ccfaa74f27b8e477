package org.erat.cli;

import java.util.List;
import org.apache.spark.util.SignalUtils;

/** Ctrl-C, and the signal by which schedulers end a process: the exit code says that the same command can go on. */
final class Interruption {
    static final int EXIT_CODE = 5;
    static final String MESSAGE = "Interrupted. Submit the same command again: a run goes on from its last checkpoint.";

    private static volatile boolean begun;

    private Interruption() {}

    /** Ends this process in order when it is interrupted: Spark stops, and what is half-written is deleted. */
    static void endsTheProcess() {
        for (String signal : List.of("INT", "TERM")) {
            SignalUtils.register(signal, () -> {
                begun = true;
                System.err.println("error: " + MESSAGE);
                System.exit(EXIT_CODE);
                return true;
            });
        }
    }

    /** Whether the process is about to end, so that whatever fails now fails for that reason. */
    static boolean hasBegun() {
        return begun;
    }
}
