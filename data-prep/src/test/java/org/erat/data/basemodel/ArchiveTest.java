package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"../outside.txt", "a/../../outside.txt", "/etc/outside", "a\\..\\outside", "C:outside"})
    void anEntryThatPointsOutsideIsRefused(String name) {
        Path file = TestArchive.write(directory.resolve("slip.zip"), Map.of(name, new byte[] {1}));
        assertThatThrownBy(() -> Archive.open(file, file.toString()).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("points outside of the archive");
    }

    @Test
    void anEntryLargerThanAllowedIsNotRead() {
        Path file = TestArchive.write(directory.resolve("bomb.zip"), Map.of("zeros", new byte[100_000]));
        try (Archive archive = Archive.open(file, file.toString())) {
            assertThatThrownBy(() -> archive.read("zeros", 99_999))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("'zeros' is larger than 99999 bytes");
            assertThatThrownBy(() -> archive.extract("zeros", directory.resolve("to"), 99_999))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("'zeros' is larger than 99999 bytes");
            assertThat(archive.read("zeros", 100_000)).hasSize(100_000);
        }
    }

    @Test
    void aDamagedArchiveIsRefused() throws IOException {
        byte[] bytes = TestArchive.bytes(Map.of("entry", new byte[1000]));
        Path file = Files.write(directory.resolve("cut.zip"), Arrays.copyOf(bytes, bytes.length - 10));
        assertThat(Archive.isArchive(file)).isTrue();
        assertThatThrownBy(() -> Archive.open(file, file.toString()).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is not a readable archive");
    }

    @Test
    void anArchiveWithoutAModelIsRefused() {
        Path file = TestArchive.write(directory.resolve("code.jar"), Map.of("A.class", new byte[5000]));
        assertThatThrownBy(() -> BaseModelImporter.importModel(file.toString(), directory.resolve("out"), line -> {}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("holds neither an ONNX model nor a TensorFlow checkpoint");
    }
}
