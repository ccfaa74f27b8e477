package org.erat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDigestsTest {
    /** SHA-256 of "abc", an example of FIPS 180-2. */
    private static final String OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /** When what is written now has settled. */
    private final Instant later = Instant.now().plusSeconds(3600);

    private final AtomicInteger reads = new AtomicInteger();

    @TempDir
    Path folder;

    private String digest(Path file, Instant now) {
        return FileDigests.of(file, now, read -> {
            reads.incrementAndGet();
            return Sha256.of(read);
        });
    }

    @Test
    void aFileThatStaysAsItIsIsReadOnce() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "abc");
        assertThat(digest(file, later)).isEqualTo(OF_ABC).isEqualTo(digest(file, later));
        assertThat(reads).hasValue(1);
    }

    @Test
    void aFileWithOtherBytesIsReadAgainThoughSizeAndTimeAreTheSame() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "abd");
        FileTime time = Files.getLastModifiedTime(file);
        Object changed = Files.getAttribute(file, "unix:ctime");
        String before = digest(file, later);
        do {
            Files.writeString(file, "abc");
            Files.setLastModifiedTime(file, time);
        } while (Files.getAttribute(file, "unix:ctime").equals(changed));
        assertThat(digest(file, later)).isEqualTo(OF_ABC).isNotEqualTo(before);
    }

    @Test
    void aFileThatWasWrittenJustNowIsReadEachTime() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "abc");
        assertThat(digest(file, Instant.now())).isEqualTo(OF_ABC).isEqualTo(digest(file, Instant.now()));
        assertThat(reads).hasValue(2);
    }

    @Test
    void aFailureIsNotKept() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "abc");
        assertThatThrownBy(() -> FileDigests.of(file, later, read -> {
                    throw new BadInputException("not now");
                }))
                .isInstanceOf(BadInputException.class)
                .hasMessage("not now");
        assertThat(digest(file, later)).isEqualTo(OF_ABC);
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> FileDigests.of(folder.resolve("none")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("none: cannot be read");
    }
}
