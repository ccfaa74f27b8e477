package org.erat.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/** A Java process that a test started, with what it said. Closing it ends it and every process below it, by their ids. */
final class Started implements AutoCloseable {
    /** Far above what anything here takes on two busy cores. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration LONGEST_RUN = Duration.ofMinutes(5);

    private final String name;
    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private Started(String name, Process process) {
        this.name = name;
        this.process = process;
        this.reader = new Thread(this::read, name + " output");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts a class of the test class path. */
    static Started java(
            String name, Map<String, String> environment, List<String> options, List<String> mainAndArguments) {
        return command(name, environment, javaCommand(options, mainAndArguments));
    }

    /**
     * The command that runs a class of the test class path.
     *
     * @param options of the Java virtual machine
     */
    static List<String> javaCommand(List<String> options, List<String> mainAndArguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(JvmOptions.OPENS);
        command.addAll(JvmOptions.QUICK_START);
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(mainAndArguments);
        return command;
    }

    /** Starts any command. */
    static Started command(String name, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            Started started = new Started(name, builder.start());
            // Ends what is left when these tests are ended themselves; after a close there is nothing left.
            Runtime.getRuntime().addShutdownHook(new Thread(started::close));
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            output.lines().forEach(lines::add);
        } catch (IOException | UncheckedIOException e) {
            lines.add("(output ends: " + e.getMessage() + ")");
        }
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    List<String> lines() {
        return lines;
    }

    /** All that was said, for the message of a failed assertion. */
    String said() {
        return name + " said:\n" + String.join("\n", lines);
    }

    long count(Predicate<String> line) {
        return lines.stream().filter(line).count();
    }

    /** Waits for a line that contains a text. */
    Started awaitLine(String text) {
        awaitLineOrEnd(text);
        if (count(line -> line.contains(text)) == 0) {
            throw new AssertionError("no line with \"" + text + "\"; " + said());
        }
        return this;
    }

    /** Waits for a line that contains a text, or for the end. */
    void awaitLineOrEnd(String text) {
        Awaitility.await(name + " to say " + text)
                .pollInterval(Duration.ofMillis(10))
                .atMost(PATIENCE)
                .until(() -> count(line -> line.contains(text)) > 0 || !process.isAlive());
    }

    /** Waits for the end, after which all lines are there, and gives the exit code. */
    int exitCode() {
        try {
            if (!process.waitFor(LONGEST_RUN.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("it did not end; " + said());
            }
            reader.join(TimeUnit.SECONDS.toMillis(10));
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void kill() {
        signal(handle(), "KILL");
    }

    /** Sends a signal to a process, by its id. */
    static void signal(ProcessHandle to, String signal) {
        try {
            new ProcessBuilder("kill", "-" + signal, Long.toString(to.pid()))
                    .redirectErrorStream(true)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The command line of a process; Java's own view of it is cut after 4,096 characters. */
    static List<String> words(ProcessHandle of) {
        try {
            return List.of(Files.readString(Path.of("/proc", Long.toString(of.pid()), "cmdline"))
                    .split("\0", -1));
        } catch (IOException e) {
            // It has ended.
            return List.of();
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> below = handle().descendants().toList();
        process.destroyForcibly();
        below.forEach(ProcessHandle::destroyForcibly);
        try {
            process.waitFor(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
