package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/**
 * A process that a test started, with its output in a file. It ends with this process, however this one ends.
 *
 * <p>A shell in the background waits for the end of the input, which this process closes or leaves by dying. Then it
 * kills the process group: the process, and what it started that is still in the group.
 */
public final class ChildProcess implements AutoCloseable {
    /** Exit code after SIGKILL. */
    public static final int KILLED = 128 + 9;

    /** Far above what any event here takes on two busy cores. */
    public static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration LONGEST_RUN = Duration.ofMinutes(10);

    private static final String GUARDED =
            """
            exec 3<&0
            { read -r; kill -s KILL -- -$$; } <&3 2>/dev/null &
            exec "$@" </dev/null 3<&-
            """;

    private final Process process;
    private final Path log;

    private ChildProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /**
     * Starts a process without the Spark and Hadoop installations that the environment of the tests may name.
     *
     * @param name of its log in {@code folder}
     * @param folder where it runs
     */
    public static ChildProcess start(String name, Path folder, Map<String, String> environment, List<String> command) {
        // The group is that of a session of its own.
        List<String> guarded = new ArrayList<>(List.of("setsid", "bash", "-c", GUARDED, name));
        guarded.addAll(command);
        try {
            Path log = Files.createDirectories(folder).resolve(name + ".log");
            ProcessBuilder builder = new ProcessBuilder(guarded)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment().keySet().removeAll(List.of("SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR"));
            builder.environment().putAll(environment);
            return new ChildProcess(builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** All output so far, standard output and error together, with its origin: the message of a failed assertion. */
    public String said() {
        return log + ":\n" + output();
    }

    /** Lines of the output that are complete. */
    public List<String> lines() {
        String output = output();
        return output.substring(0, output.lastIndexOf('\n') + 1).lines().toList();
    }

    private String output() {
        try {
            return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Number of lines that pass. */
    public long count(Predicate<String> line) {
        return lines().stream().filter(line).count();
    }

    /**
     * Waits for a line that contains a text.
     *
     * @return the rest of the line after the text
     */
    public String awaitLine(String text) {
        awaitLineOrEnd(text);
        return after(text).orElseThrow(() -> new AssertionError("no line with \"" + text + "\"; " + said()));
    }

    /** Waits for a line that contains a text, or for the end. */
    public void awaitLineOrEnd(String text) {
        Awaitility.await(text + " in " + log)
                .pollInterval(Duration.ofMillis(10))
                .atMost(PATIENCE)
                .until(() -> !isAlive() || after(text).isPresent());
    }

    private Optional<String> after(String text) {
        return lines().stream()
                .filter(line -> line.contains(text))
                .map(line -> line.substring(line.indexOf(text) + text.length()))
                .findFirst();
    }

    /** Waits for the end, and gives the exit code. All output is there then. */
    public int exitCode() {
        try {
            if (!process.waitFor(LONGEST_RUN.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("no end within " + LONGEST_RUN + "; " + said());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted before the end; " + said(), e);
        }
    }

    /** Waits for the end and checks the exit code. */
    public ChildProcess exits(int code) {
        int actual = exitCode();
        assertThat(actual).as(said()).isEqualTo(code);
        return this;
    }

    /** Ends the process and what it started with SIGKILL. */
    public void kill() {
        // Containers of YARN have sessions of their own.
        List<ProcessHandle> below = process.descendants().toList();
        process.destroyForcibly();
        below.forEach(ProcessHandle::destroyForcibly);
        process.onExit().join();
    }

    /** Kills what still runs. */
    @Override
    public void close() {
        kill();
    }
}
