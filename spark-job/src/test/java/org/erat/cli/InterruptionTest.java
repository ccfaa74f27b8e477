package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.erat.checkpoint.Checkpoint;
import org.erat.checkpoint.RunDirectory;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A training process that a scheduler ends with its usual signal. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class InterruptionTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void chooseSpark() {
        TinyCommands.onTwoCores();
    }

    @AfterAll
    static void forgetSpark() {
        TinyCommands.forgetSpark();
    }

    @Test
    void aRunThatIsToldToEndSaysHowToGoOnAndEndsWithFive() throws IOException, InterruptedException {
        TinyProject project = TinyCommands.write(folder);
        assertThat(TinyCommands.run(TinyCommands.prepareData(project, "data")).code())
                .isZero();
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens"))
                .forEach(command::add);
        TinyCommands.SPARK.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.erat.cli.Main"));
        // Far more rounds than are made before the signal, and no checkpoint due.
        String[] train =
                TinyCommands.train(project, "run", "--set training.epochs=10000 --set checkpoint.every-rounds=1000000");
        command.addAll(List.of(train));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();

        List<String> lines = new ArrayList<>();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
                if (line.contains("round 1/")) {
                    // That of the process itself would close its output too.
                    process.toHandle().destroy();
                }
            }
        } finally {
            process.destroyForcibly();
        }

        assertThat(process.waitFor()).as(String.join("\n", lines)).isEqualTo(5);
        assertThat(lines).contains("error: " + Interruption.MESSAGE).noneMatch(line -> line.startsWith("\tat "));
        assertThat(folder.resolve("run/_SUCCESS")).doesNotExist();
        // What was complete is saved: the round that was announced, or one that came after it.
        Checkpoint saved = RunDirectory.read(folder.resolve("run").toString(), new Configuration(), lines::add)
                .checkpoints()
                .latestValid()
                .orElseThrow();
        assertThat(saved.round()).isGreaterThanOrEqualTo(1);
    }
}
