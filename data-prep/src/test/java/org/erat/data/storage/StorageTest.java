package org.erat.data.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.UsageException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageTest {
    @TempDir
    private java.nio.file.Path directory;

    private Storage storage;

    @BeforeEach
    void open() throws IOException {
        storage = Storage.of(path(""), new Configuration());
    }

    private Path path(String name) {
        return new Path(directory.resolve(name).toString());
    }

    private static Storage.Content text(String text) {
        return out -> out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private List<String> names() throws IOException {
        try (Stream<java.nio.file.Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aFileIsReplacedAndNothingLiesBesideIt() throws IOException {
        storage.writeAtomically(path("file"), text("old"));
        storage.writeAtomically(path("file"), text("new"));
        assertThat(directory.resolve("file")).hasContent("new");
        assertThat(names()).containsExactly("file");
    }

    @Test
    void aFileWhoseContentFailsIsAsItWas() throws IOException {
        storage.writeAtomically(path("file"), text("old"));
        assertThatThrownBy(() -> storage.writeAtomically(path("file"), out -> {
                    out.write('n');
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("No space left on device");
        assertThat(directory.resolve("file")).hasContent("old");
        assertThat(names()).containsExactly("file");
    }

    @Test
    void aFolderGivesWayToTheNewOneAsAWhole() throws IOException {
        storage.writeFolderAtomically(path("a/folder"), folder -> storage.write(new Path(folder, "old"), text("1")));
        storage.writeFolderAtomically(path("a/folder"), folder -> storage.write(new Path(folder, "new"), text("2")));
        assertThat(storage.list(path("a/folder"))).extracting(Path::getName).containsExactly("new");
        assertThat(storage.list(path("a"))).extracting(Path::getName).containsExactly("folder");
    }

    @Test
    void aFolderWhoseContentFailsIsAsItWas() throws IOException {
        storage.writeFolderAtomically(path("folder"), folder -> storage.write(new Path(folder, "old"), text("1")));
        assertThatThrownBy(() -> storage.writeFolderAtomically(path("folder"), folder -> {
                    storage.write(new Path(folder, "new"), text("2"));
                    throw new IllegalStateException("bad row");
                }))
                .hasMessage("bad row");
        assertThat(storage.list(path("folder"))).extracting(Path::getName).containsExactly("old");
        assertThat(names()).containsExactly("folder");
    }

    @Test
    void foldersThatWereMadeForAFailedOutputAreGone() throws IOException {
        Storage.FolderContent fails = folder -> {
            throw new IOException("No space left on device");
        };
        storage.createFolder(path("there"));
        assertThatThrownBy(() -> storage.writeFolderAtomically(path("there/new/newer/folder"), fails))
                .hasMessage("No space left on device");
        assertThatThrownBy(() -> storage.writeAtomically(path("there/new/newer/file"), out -> fails.writeTo(null)))
                .hasMessage("No space left on device");
        assertThat(directory.resolve("there")).isEmptyDirectory();
        // What others have put beside meanwhile stays.
        assertThatThrownBy(() -> storage.writeFolderAtomically(path("there/shared/folder"), folder -> {
                    storage.write(path("there/shared/other"), text("1"));
                    fails.writeTo(folder);
                }))
                .hasMessage("No space left on device");
        assertThat(directory.resolve("there/shared/other")).hasContent("1");
    }

    @Test
    void askingWhetherAFolderIsWritableLeavesNothing() throws IOException {
        storage.requireWritable(path("new/newer"));
        assertThat(directory).isEmptyDirectory();
        storage.writeAtomically(path("file"), text("1"));
        assertThatThrownBy(() -> storage.requireWritable(path("file/below"))).isInstanceOf(IOException.class);
    }

    @Test
    void whatIsNoPathIsTheUsersMistake() {
        for (String text : List.of("", "a:b")) {
            assertThatThrownBy(() -> Storage.path(text))
                    .isInstanceOf(UsageException.class)
                    .hasMessageStartingWith("'" + text + "' is not a path: ");
        }
    }

    @Test
    void aFullNameEndsWithoutASlash() {
        Path slashed = new Path(directory.toUri());
        assertThat(slashed.toString()).endsWith("/");
        assertThat(storage.qualify(slashed)).hasToString("file:" + directory);
    }

    /** A number that a process had which has ended. */
    private static long ended() throws IOException, InterruptedException {
        Process process = new ProcessBuilder("true").start();
        process.waitFor();
        return process.pid();
    }

    @Test
    void whatAKilledProcessLeftGoesWhenTheSameFolderIsWritten() throws IOException, InterruptedException {
        String own = TemporaryNames.of(".tmp-folder");
        String killed = own.replace("." + ProcessHandle.current().pid() + ".", "." + ended() + ".") + "0a";
        Files.createDirectories(directory.resolve(killed + "/train"));
        Files.writeString(directory.resolve(killed + "/train/part"), "half");
        Files.createDirectories(directory.resolve(own + "1"));
        Files.createDirectories(directory.resolve(killed.replace("folder", "other")));
        storage.writeFolderAtomically(path("folder"), folder -> storage.write(new Path(folder, "a"), text("1")));
        assertThat(names()).containsExactlyInAnyOrder("folder", own + "1", killed.replace("folder", "other"));
    }

    @Test
    void ofWhatNothingIsKnownTheOldGoesAndTheNewStays() throws IOException {
        String unknown = ".tmp-folder-3f0b2c1a-1111-4222-8333-12345678900";
        FileTime old =
                FileTime.from(Instant.now().minus(TemporaryNames.MOST_AGE).minusSeconds(60));
        for (String name : List.of(unknown + "1", unknown + "2")) {
            Files.createDirectories(directory.resolve(name + "/train"));
            Files.writeString(directory.resolve(name + "/train/part"), "half");
        }
        // In the second one a file is still being written.
        Files.setLastModifiedTime(directory.resolve(unknown + "1/train/part"), old);
        for (String name : List.of(unknown + "1", unknown + "2")) {
            Files.setLastModifiedTime(directory.resolve(name + "/train"), old);
            Files.setLastModifiedTime(directory.resolve(name), old);
        }
        storage.writeFolderAtomically(path("folder"), folder -> storage.write(new Path(folder, "a"), text("1")));
        assertThat(names()).containsExactlyInAnyOrder("folder", unknown + "2");
    }

    @Test
    void whatIsBeingWrittenIsNotListedAndCanBeClearedAway() throws IOException {
        storage.writeFolderAtomically(path("folder"), folder -> {
            assertThat(storage.list(path(""))).isEmpty();
            assertThat(names()).hasSize(1);
        });
        Files.writeString(directory.resolve(".tmp-left"), "half");
        storage.removeTemporaries(path(""));
        assertThat(names()).containsExactly("folder");
    }

    @Test
    void ofManyThatCreateAFileAtOnceOneAloneSucceeds() throws Exception {
        int many = 8;
        ExecutorService threads = Executors.newFixedThreadPool(many);
        for (int file = 0; file < 20; file++) {
            Path path = path("file-" + file);
            List<Callable<Boolean>> attempts = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                byte[] content = {(byte) i};
                attempts.add(() -> storage.createNew(path, content));
            }
            int created = 0;
            int winner = -1;
            List<Future<Boolean>> results = threads.invokeAll(attempts);
            for (int i = 0; i < many; i++) {
                if (results.get(i).get()) {
                    created++;
                    winner = i;
                }
            }
            assertThat(created).isEqualTo(1);
            assertThat(storage.read(path)).containsExactly(winner);
        }
        threads.shutdown();
    }
}
