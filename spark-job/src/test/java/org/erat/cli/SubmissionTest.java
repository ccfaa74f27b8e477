package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is done before Spark starts. No Spark can start here: no cluster manager has this master. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SubmissionTest {
    private static final String NO_SUCH_MASTER = "Master must either be yarn or start with spark";

    @TempDir
    private Path folder;

    private record Ended(int code, List<String> lines) {}

    /** @param words options of spark-submit, the resource, the words of the command */
    private Ended submit(Object... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Submission.class.getName()));
        command.addAll(List.of("--class", Main.class.getName(), "--master", "nobodys"));
        command.addAll(List.of(TinyCommands.words(words)));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        // Says only that Hadoop's optional native library is not installed.
        List<String> lines = output.lines()
                .filter(line -> !line.contains("NativeCodeLoader"))
                .toList();
        return new Ended(process.waitFor(), lines);
    }

    @Test
    void aCommandThatStartsNoSparkIsDone() throws IOException, InterruptedException {
        Ended ended = submit("spark-internal list", folder);
        assertThat(ended.lines()).singleElement().asString().endsWith("no run in or below " + folder);
        assertThat(ended.code()).isZero();
    }

    @Test
    void suchACommandHasThePropertiesThatSparkSubmitIsGiven() throws IOException, InterruptedException {
        Path file = Files.writeString(folder.resolve("own.conf"), "spark.hadoop.fs.defaultFS  nowhere://from-a-file\n");
        assertThat(submit("--properties-file", file, "spark-internal list runs").lines())
                .anyMatch(line -> line.contains("No FileSystem for scheme \"nowhere\""));
    }

    @Test
    void aRefusedConfigurationIsSaidAlone() throws IOException, InterruptedException {
        TinyProject project = TinyCommands.write(folder);
        Ended ended = submit("spark-internal", TinyCommands.train(project, "run", "--set adapter.rnk=3"));
        assertThat(ended.lines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains("adapter.rnk");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void aCommandInOrderGoesOnToSparkSubmit() throws IOException, InterruptedException {
        TinyProject project = TinyCommands.write(folder);
        Ended ended = submit("spark-internal", TinyCommands.train(project, "run"));
        assertThat(ended.lines()).anyMatch(line -> line.contains(NO_SUCH_MASTER));
        assertThat(ended.code()).isEqualTo(1);
    }

    /** They may be what a file system needs: its classes, or a login. */
    @Test
    void whereThereIsMoreThanPropertiesSparkSubmitComesFirst() throws IOException, InterruptedException {
        Ended ended = submit("--conf", "spark.jars=" + folder.resolve("more.jar"), "spark-internal list", folder);
        assertThat(ended.lines()).anyMatch(line -> line.contains(NO_SUCH_MASTER));
    }
}
