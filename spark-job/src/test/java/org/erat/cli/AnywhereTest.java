package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.erat.checkpoint.CopyingFileSystem;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user does before and around a run on a cluster: look first, and keep things on another file system. */
class AnywhereTest {
    private static final String FILE_SYSTEM = "spark.hadoop.fs.copying.impl";

    @TempDir
    private Path folder;

    private TinyProject project;

    @BeforeEach
    void writeProject() {
        TinyCommands.onTwoCores();
        System.setProperty(FILE_SYSTEM, CopyingFileSystem.class.getName());
        project = TinyCommands.write(folder);
    }

    @AfterEach
    void forget() {
        TinyCommands.forgetSpark();
        System.clearProperty(FILE_SYSTEM);
        System.clearProperty("spark.executor.memoryOverhead");
        System.clearProperty("spark.task.cpus");
    }

    @Test
    void aDryRunLeavesNothing() {
        prepareData();
        assertThat(TinyCommands.run(TinyCommands.train(project, "deep/in/run", "--dry-run"))
                        .code())
                .isZero();
        assertThat(folder.resolve("deep")).doesNotExist();
    }

    @Test
    void aDryRunEndsAsTheRunWouldBeRefused() throws IOException {
        assertEnds(3, "data", "--dry-run");
        prepareData();
        assertEnds(2, "training.shards", "--dry-run", "--set", "training.shards=0");
        assertEnds(2, "nothing to resume", "--dry-run", "--resume");
        Files.createDirectories(folder.resolve("run"));
        Files.writeString(folder.resolve("run/other"), "something else");
        assertEnds(2, "is not a run directory", "--dry-run");
    }

    @Test
    void aDryRunForYarnNeedsNoYarnAndNamesTheMemoryThatIsMissing() {
        prepareData();
        System.setProperty("spark.master", "yarn");
        System.setProperty("spark.executor.memoryOverhead", "100m");
        assertEnds(2, "Add --spark-conf spark.executor.memoryOverhead=", "--dry-run");
        System.setProperty("spark.executor.memoryOverhead", "1g");
        System.setProperty("spark.task.cpus", "64");
        assertThat(TinyCommands.run(TinyCommands.train(project, "run", "--dry-run"))
                        .code())
                .isZero();
    }

    @Test
    void aBaseModelIsPreparedOnAnyFileSystemAndReusedThere() throws IOException {
        String out = "copying://" + folder.resolve("base");
        String[] command = TinyCommands.words("prepare-model --from", project.model(), "--out", Path.of("x"));
        command[command.length - 1] = out;
        assertThat(TinyCommands.run(command).code()).isZero();
        assertThat(folder.resolve("base/model.safetensors"))
                .hasSameBinaryContentAs(project.model().resolve("model.safetensors"));
        var written = TinyProject.timesOf(folder.resolve("base"));

        assertThat(TinyCommands.run(command).code()).isZero();
        assertThat(TinyProject.timesOf(folder.resolve("base"))).isEqualTo(written);

        Files.writeString(folder.resolve("base/config.json"), "{}");
        TinyCommands.Ended changed = TinyCommands.run(command);
        // Hadoop writes an address without a host so.
        assertThat(changed.error()).contains("copying:" + folder.resolve("base"), "its files have changed since");
        assertThat(changed.code()).isEqualTo(3);
    }

    @Test
    void theConfigurationMayBeAnywhereWithWhatItIncludes() throws IOException {
        prepareData();
        Files.writeString(folder.resolve("more.conf"), "include required(\"job.conf\")\nseed = 7\n");
        String[] command = TinyCommands.train(project, "run", "--dry-run");
        command[2] = "copying://" + folder.resolve("more.conf");
        assertThat(TinyCommands.run(command).code()).isZero();
        command[2] = "copying://" + folder.resolve("none.conf");
        assertThat(TinyCommands.run(command).code()).isEqualTo(2);
    }

    private void prepareData() {
        assertThat(TinyCommands.run(TinyCommands.prepareData(project, "data")).code())
                .isZero();
    }

    private void assertEnds(int code, String message, Object... more) {
        TinyCommands.Ended ended = TinyCommands.run(TinyCommands.train(project, "run", more));
        assertThat(ended.error()).contains(message);
        assertThat(ended.code()).isEqualTo(code);
    }
}
