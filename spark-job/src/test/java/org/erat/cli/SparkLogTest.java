package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The screen after a command has said how it ended. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SparkLogTest {
    @TempDir
    private Path folder;

    private record Ended(int code, List<String> lines) {}

    /** A command in a process in which libraries have much to say while it ends. */
    static final class Loud {
        private Loud() {}

        public static void main(String[] args) throws Exception {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                LoggerFactory.getLogger("org.apache.spark.network.client.TransportClient")
                        .error("Failed to send RPC", new RejectedExecutionException("late"));
                throw new IllegalStateException("thread that was left behind");
            }));
            Main.main(args);
        }
    }

    private static Ended run(String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens"))
                .forEach(command::add);
        TinyCommands.SPARK.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Loud.class.getName()));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output.lines().toList());
    }

    @Test
    void nothingFollowsTheErrorOfACommand() throws IOException, InterruptedException {
        TinyProject project = TinyCommands.write(folder);
        Files.writeString(project.text().resolve("dev.tsv"), "sentence\tmood\nthe cat\thapy\n");
        Ended ended = run(TinyCommands.prepareData(project, "data"));
        assertThat(ended.code()).as(String.join("\n", ended.lines())).isEqualTo(3);
        assertThat(ended.lines()).last().asString().startsWith("error: ").contains("'hapy'");
        assertThat(ended.lines()).noneMatch(line -> line.startsWith("\tat "));
    }

    @Test
    void verboseShowsEverything() throws IOException, InterruptedException {
        Ended ended = run("train", "--conf", "nowhere.conf", "--run-dir", "r", "--verbose");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.lines())
                .anyMatch(line -> line.contains("Failed to send RPC"))
                .anyMatch(line -> line.contains("thread that was left behind"));
    }
}
