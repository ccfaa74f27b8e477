package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.checkpoint.ResumableException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeFoldersTest {
    @TempDir
    private Path folder;

    private final Map<String, String> properties = new HashMap<>();
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void nameFolders() throws IOException {
        properties.put(
                "java.io.tmpdir", Files.createDirectory(folder.resolve("t m p")).toString());
        properties.put(
                "user.home", Files.createDirectory(folder.resolve("home")).toString());
        properties.put("user.name", "me");
    }

    private List<NativeFolders.Folder> folders() {
        return NativeFolders.folders(properties::get, environment::get);
    }

    private List<Path> paths() {
        return folders().stream().map(NativeFolders.Folder::path).toList();
    }

    private void assertRefused(String mounts, String... message) {
        assertThatThrownBy(() -> NativeFolders.check(folders(), mounts))
                .isInstanceOf(UsageException.class)
                .hasMessageContainingAll(message);
    }

    /** A line of /proc/self/mounts, which writes blanks as octal numbers. */
    private static String mount(Path at, String options) {
        return "tmpfs " + at.toString().replace(" ", "\\040") + " tmpfs " + options + " 0 0\n";
    }

    @Test
    void theFoldersAreThoseThatTheLibrariesChoose() {
        assertThat(paths())
                .containsExactly(
                        folder.resolve("t m p"), folder.resolve("home/.javacpp/cache"), folder.resolve("home/.djl.ai"));
        properties.put("org.bytedeco.javacpp.cachedir", "/named");
        environment.put("DJL_CACHE_DIR", "/djl");
        assertThat(paths()).containsExactly(folder.resolve("t m p"), Path.of("/named"), Path.of("/djl"));
        environment.put("ENGINE_CACHE_DIR", "/engine");
        assertThat(paths()).last().isEqualTo(Path.of("/engine"));
    }

    @Test
    void aFolderOnAFileSystemThatForbidsExecutionIsNamedWithItsSetting() {
        Path tmp = folder.resolve("t m p");
        String root = "overlay / overlay rw 0 0\n";
        String options = "rw,nosuid,noexec,relatime";
        assertRefused(
                root + mount(tmp, options),
                tmp + ", where Spark's compression unpacks its native code",
                tmp + " is mounted noexec",
                "-Djava.io.tmpdir=");
        assertRefused(
                root + mount(folder.resolve("home"), options),
                folder.resolve("home/.javacpp/cache").toString(),
                "-Dorg.bytedeco.javacpp.cachedir=",
                "spark.executor.extraJavaOptions");
        properties.put("org.bytedeco.javacpp.cachedir", folder.toString());
        assertRefused(
                root + mount(folder.resolve("home"), options),
                folder.resolve("home/.djl.ai").toString(),
                "DJL_CACHE_DIR=/path/to/folder",
                "spark.executorEnv.DJL_CACHE_DIR=");
    }

    @Test
    void theInnermostAndLastMountCounts() {
        Path tmp = folder.resolve("t m p");
        assertThatCode(() -> {
                    NativeFolders.check(folders(), mount(Path.of("/"), "rw,noexec") + mount(folder, "rw"));
                    NativeFolders.check(folders(), mount(tmp, "rw,noexec") + mount(tmp, "rw,noexecutive"));
                    NativeFolders.check(
                            folders(), mount(Path.of(tmp + "x"), "noexec") + mount(tmp.resolve("y"), "noexec"));
                    NativeFolders.check(folders(), "");
                })
                .doesNotThrowAnyException();
        assertRefused(mount(tmp, "rw") + mount(tmp, "rw,noexec"), "is mounted noexec");
    }

    @Test
    void aLookLeavesNothing() throws IOException {
        NativeFolders.check(folders(), "");
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files).containsExactlyInAnyOrder(folder, folder.resolve("t m p"), folder.resolve("home"));
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        environment.put("DJL_CACHE_DIR", file.resolve("djl").toString());
        assertRefused("", file + "/djl, where the tokenizer unpacks its native code, cannot be written");
    }

    @Test
    void aFileSystemWithoutExecutionOrSpaceIsFoundOut() throws IOException, InterruptedException {
        Path mounted = Files.createDirectory(folder.resolve("mounted"));
        assumeThat(tool("mount", "-t", "tmpfs", "-o", "noexec,size=8k", "tmpfs", mounted.toString()))
                .as("only root may mount")
                .isZero();
        try {
            properties.put("java.io.tmpdir", mounted.toString());
            String mounts = Files.readString(Path.of("/proc/self/mounts"));
            assertRefused(mounts, mounted + " is mounted noexec");
            assertThatThrownBy(() -> NativeFolders.check(folders(), ""))
                    .isInstanceOf(ResumableException.class)
                    .hasMessageContainingAll(mounted.toString(), "No space left", "Make room there");
        } finally {
            assertThat(tool("umount", mounted.toString())).isZero();
        }
    }

    /** The exit code of a tool that may not be installed. */
    private static int tool(String... command) throws IOException, InterruptedException {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1;
        }
    }
}
