package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A command line of {@code submit/erat} or of another script of {@code submit/}, in a process of its own. */
public final class Submission {
    private static final Duration LIMIT = Duration.ofMinutes(10);

    private final List<String> command;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> options = new ArrayList<>();
    private String script = "submit/erat";
    private Path folder;

    private Submission(List<String> command) {
        this.command = command;
        // Small enough that several applications run side by side.
        spark("spark.driver.memory", "1g");
        spark("spark.executor.memory", "1g");
        spark("spark.ui.enabled", "false");
    }

    /** A command of the job with its arguments; what is no text is written as one. */
    public static Submission of(Object... command) {
        return new Submission(List.of(command).stream().map(Object::toString).toList());
    }

    /** Another script than {@code submit/erat}, relative to the project. */
    public Submission script(String relative) {
        script = relative;
        return this;
    }

    public Submission master(String master) {
        options.addAll(List.of("--master", master));
        return this;
    }

    /** Options before the command. */
    public Submission options(String... more) {
        options.addAll(List.of(more));
        return this;
    }

    public Submission spark(String property, String value) {
        options.addAll(List.of("--spark-conf", property + "=" + value));
        return this;
    }

    public Submission environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** The folder to start it in. */
    public Submission in(Path workingFolder) {
        folder = workingFolder;
        return this;
    }

    /** Runs it to its end; after ten minutes it is killed and the test fails. */
    public Ended run() {
        try (Running running = start()) {
            return running.ends(LIMIT);
        }
    }

    /** Starts it. */
    public Running start() {
        List<String> words = new ArrayList<>();
        words.add(Project.file(script).toString());
        words.addAll(options);
        words.addAll(command);
        try {
            Path output = Files.createTempFile("submission", ".log");
            ProcessBuilder builder = new ProcessBuilder(words)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            if (folder != null) {
                builder.directory(folder.toFile());
            }
            builder.environment().keySet().removeAll(List.of("SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR"));
            builder.environment().putAll(environment);
            return new Running(words, builder.start(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A submission under way. In client mode its process is the driver. */
    public static final class Running implements AutoCloseable {
        private final List<String> words;
        private final Process process;
        private final Path output;

        private Running(List<String> words, Process process, Path output) {
            this.words = words;
            this.process = process;
            this.output = output;
        }

        public ProcessHandle process() {
            return process.toHandle();
        }

        /** What it has written so far, standard output and error together. */
        public String output() {
            try {
                return Files.readString(output, StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Waits for its end. */
        public Ended ends(Duration limit) {
            try {
                boolean inTime = process.waitFor(limit.toSeconds(), TimeUnit.SECONDS);
                assertThat(inTime)
                        .as("%s ends within %s:%n%s", words, limit, output())
                        .isTrue();
                return new Ended(process.exitValue(), output());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }

        /** Kills what still runs of it. */
        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            try {
                process.waitFor();
                Files.deleteIfExists(output);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * How a submission ended.
     *
     * @param output standard output and error
     */
    public record Ended(int code, String output) {
        /** Checks that it ended with this code. */
        public Ended with(int expected) {
            assertThat(code).as(output).isEqualTo(expected);
            return this;
        }

        public Ended succeeded() {
            return with(0);
        }
    }
}
