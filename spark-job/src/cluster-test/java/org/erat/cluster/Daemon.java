package org.erat.cluster;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A server in a process of its own, which ends with this one, however this one ends.
 *
 * <p>A shell between the two waits for the end of its input, which comes when this process closes it or dies, and ends
 * the server then.
 */
final class Daemon implements AutoCloseable {
    private static final String GUARD =
            """
            exec 3<&0
            "$@" </dev/null 3<&- &
            server=$!
            { while read -r line; do kill -s "$line" "$server"; done; kill "$server"; kill -s CONT "$server"; } <&3 2>/dev/null &
            wait "$server"
            """;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final String name;
    private final Process guard;
    private final Path log;

    private Daemon(String name, Process guard, Path log) {
        this.name = name;
        this.guard = guard;
        this.log = log;
    }

    /**
     * Starts a server.
     *
     * @param name of its log in {@code folder}, where it runs too
     */
    static Daemon start(String name, Path folder, Map<String, String> environment, List<String> command) {
        List<String> guarded = new ArrayList<>(List.of("bash", "-c", GUARD, name));
        guarded.addAll(command);
        try {
            Files.createDirectories(folder);
            Path log = folder.resolve(name + ".log");
            ProcessBuilder builder = new ProcessBuilder(guarded)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment().putAll(environment);
            return new Daemon(name, builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until the log has this pattern, and gives its first group. */
    String says(String pattern) {
        Pattern regex = Pattern.compile(pattern);
        return Awaitility.await(name + " to say " + pattern)
                .atMost(PATIENCE)
                .until(
                        () -> {
                            if (!guard.isAlive()) {
                                throw new IllegalStateException(name + " has ended:\n" + log());
                            }
                            Matcher found = regex.matcher(log());
                            return found.find() ? found.group(1) : "";
                        },
                        text -> !text.isEmpty());
    }

    String log() {
        try {
            return Files.readString(log, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends the server a signal by its name: KILL, STOP, CONT. */
    void signal(String signal) {
        try {
            OutputStream input = guard.getOutputStream();
            input.write((signal + "\n").getBytes(StandardCharsets.US_ASCII));
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The processes below the server, and itself. */
    Stream<ProcessHandle> processes() {
        return guard.descendants();
    }

    @Override
    public void close() {
        List<ProcessHandle> all = guard.descendants().toList();
        try {
            guard.getOutputStream().close();
            if (!guard.waitFor(20, TimeUnit.SECONDS)) {
                all.forEach(ProcessHandle::destroyForcibly);
                guard.waitFor();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
