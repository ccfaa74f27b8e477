package org.erat.data.maven;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/** What the Maven client says while it fetches one jar. */
final class ClientOutput {
    private static final String ERROR = "[ERROR]";
    private static final String COLOURS = "\u001b\\[[0-9;]*m";
    private static final int LAST_LINES = 5;

    private final String jar;
    private final Consumer<String> progress;
    private final Deque<String> last = new ArrayDeque<>();
    private String firstError;

    /** @param jar name of the file that is fetched */
    ClientOutput(String jar, Consumer<String> progress) {
        this.jar = jar;
        this.progress = progress;
    }

    /** Takes the next line; one that tells where the jar comes from is passed on. */
    void add(String coloured) {
        String line = coloured.replaceAll(COLOURS, "");
        boolean download = line.contains("Downloading from") || line.contains("Downloaded from");
        // A fresh Maven downloads a hundred parts of itself first, which are nobody's concern.
        if (download && line.contains(jar)) {
            progress.accept(line.replaceFirst("^\\[INFO] ", ""));
        }
        if (line.startsWith(ERROR) && firstError == null) {
            firstError =
                    line.substring(ERROR.length()).replace("-> [Help 1]", "").strip();
        }
        last.add(line);
        if (last.size() > LAST_LINES) {
            last.remove();
        }
    }

    /** Why it failed, in its words: its first error, without the advice that follows it; else its last lines. */
    String reason() {
        return firstError != null ? firstError : String.join(" ", last);
    }
}
