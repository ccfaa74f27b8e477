package org.erat.data.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicOutputTest {
    private static final String SOMETHING_ELSE = " is there already and is something else";

    @TempDir
    private java.nio.file.Path directory;

    private AtomicOutput at(String name) {
        return AtomicOutput.at(new Path(directory.resolve(name).toUri()), new Configuration());
    }

    private static Storage.Content text(String text) {
        return out -> out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private void requireRefused(String message, ThrowingCallable write) {
        assertThatThrownBy(write).isInstanceOf(UsageException.class).hasMessageContaining(message);
    }

    @Test
    void aFileReplacesAFileAndNoFolder() throws IOException {
        at("file").file(text("old"));
        at("file").file(text("new"));
        assertThat(directory.resolve("file")).hasContent("new");

        Files.createDirectory(directory.resolve("folder"));
        requireRefused("/folder" + SOMETHING_ELSE, () -> at("folder").file(text("new")));
        requireRefused("/folder" + SOMETHING_ELSE, () -> at("folder").requireFile());
        assertThat(directory.resolve("folder")).isEmptyDirectory();
    }

    @Test
    void aFolderReplacesAnEmptyOneAndOneWithTheMark() throws IOException {
        Files.createDirectory(directory.resolve("folder"));
        at("folder").folder("mark", folder -> {
            folder.write("mark", text("1"));
            folder.write("old", text("1"));
        });
        at("folder").folder("mark", folder -> folder.write("mark", text("2")));
        assertThat(directory.resolve("folder")).isDirectoryNotContaining("glob:**/old");
        assertThat(directory.resolve("folder/mark")).hasContent("2");
    }

    @Test
    void aFolderReplacesNothingElse() throws IOException {
        Files.createDirectory(directory.resolve("folder"));
        Files.writeString(directory.resolve("folder/mine"), "mine");
        requireRefused("/folder" + SOMETHING_ELSE, () -> at("folder").folder("mark", folder -> {}));
        requireRefused("/mine" + SOMETHING_ELSE, () -> at("folder/mine").folder("mark", folder -> {}));
        assertThat(directory.resolve("folder/mine")).hasContent("mine");
    }

    @Test
    void aPlaceBelowAFileCannotBeWritten() throws IOException {
        Files.writeString(directory.resolve("file"), "");
        requireRefused(
                "/file/below: cannot be written: ", () -> at("file/below").requireFile());
        requireRefused(
                "/file/below: cannot be written: ", () -> at("file/below").file(text("new")));
        requireRefused(
                "/file/below: cannot be written: ", () -> at("file/below").folder("mark", folder -> {}));
    }

    @Test
    void anUnknownFileSystemIsNamed() {
        requireRefused(
                "No FileSystem for scheme \"nowhere\"",
                () -> AtomicOutput.at(new Path("nowhere://host/file"), new Configuration()));
    }
}
