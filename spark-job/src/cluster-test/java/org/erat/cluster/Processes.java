package org.erat.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Java's {@link ProcessHandle} does not offer. Uses the JDK only, so that a process under test can use it too. */
public final class Processes {
    private Processes() {}

    /** Sends a signal by its name, such as STOP. */
    public static void signal(ProcessHandle process, String signal) throws IOException {
        new ProcessBuilder("kill", "-s", signal, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .onExit()
                .join();
    }

    /** The command line; {@link ProcessHandle#info()} cuts it after 4,096 characters. Empty if the process has ended. */
    static List<String> words(ProcessHandle process) {
        try {
            String words = Files.readString(
                    Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1);
            return List.of(words.split("\0", -1));
        } catch (IOException e) {
            return List.of();
        }
    }
}
