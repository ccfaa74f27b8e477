package org.erat.cli;

import java.time.Duration;
import java.util.List;
import org.apache.spark.util.SignalUtils;

/**
 * Ctrl-C, and the signal by which schedulers end a process: the exit code says that the same command can resume.
 * Shutdown hooks save what has to be saved. After ten seconds the process ends, even if a hook still waits.
 */
final class Interruption {
    static final int EXIT_CODE = 5;
    static final String MESSAGE = "Interrupted. Submit the same command again: a run resumes from its last checkpoint.";

    /** Schedulers wait ten seconds or longer before they kill. */
    private static final Duration MOST_TIME = Duration.ofMillis(9500);

    private static volatile boolean begun;

    private Interruption() {}

    /** Ends this process in order when it is interrupted: Spark stops, and what is half-written is deleted. */
    static void endsTheProcess() {
        for (String signal : List.of("INT", "TERM")) {
            SignalUtils.register(signal, () -> {
                begun = true;
                System.err.println("error: " + MESSAGE);
                SparkLog.end();
                endsSoon();
                System.exit(EXIT_CODE);
                return true;
            });
        }
    }

    private static void endsSoon() {
        Thread halt = new Thread(
                () -> {
                    try {
                        Thread.sleep(MOST_TIME.toMillis());
                    } catch (InterruptedException e) {
                        // No less a reason to end.
                        Thread.currentThread().interrupt();
                    }
                    Runtime.getRuntime().halt(EXIT_CODE);
                },
                "interruption");
        halt.setDaemon(true);
        halt.start();
    }

    /** Whether the process is about to end, so that whatever fails now fails for that reason. */
    static boolean hasBegun() {
        return begun;
    }
}
