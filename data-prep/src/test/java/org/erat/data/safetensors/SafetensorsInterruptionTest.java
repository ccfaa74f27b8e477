package org.erat.data.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Java closes a file under a thread that is interrupted while it reads; other threads that read it go on. */
class SafetensorsInterruptionTest {
    @TempDir
    private Path folder;

    private Path path;
    private SafetensorsFile file;

    @BeforeEach
    void open() {
        path = folder.resolve("model.safetensors");
        write(path, 1, 2, 3);
        file = SafetensorsFile.open(path);
    }

    @AfterEach
    void close() {
        file.close();
    }

    private static void write(Path to, float... values) {
        SafetensorsWriter.write(
                to, Map.of("t", new FloatTensor(new long[] {values.length}, FloatBuffer.wrap(values))), Map.of());
    }

    private void interruptAReader() {
        Thread.currentThread().interrupt();
        try {
            assertThatExceptionOfType(BadInputException.class)
                    .isThrownBy(() -> file.read("t", FloatBuffer.allocate(3)))
                    .withCauseInstanceOf(ClosedByInterruptException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void whoReadsAfterItIsNotDisturbed() {
        interruptAReader();
        FloatBuffer values = FloatBuffer.allocate(3);
        file.read("t", values);
        assertThat(values.array()).containsExactly(1, 2, 3);
        interruptAReader();
        assertThat(file.floats("t").get(1)).isEqualTo(2);
    }

    @Test
    void aFileThatWasReplacedMeanwhileIsNotTakenForTheOneThatWasOpened() throws IOException {
        interruptAReader();
        Path other = folder.resolve("other");
        write(other, 4, 5, 6);
        Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
        assertThatExceptionOfType(BadInputException.class)
                .isThrownBy(() -> file.read("t", FloatBuffer.allocate(3)))
                .withMessageContaining(path + ": cannot be read")
                .withMessageContaining("changed or replaced while it was in use");
    }

    @Test
    void aFileThatWasClosedStaysClosed() {
        file.close();
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> file.floats("t"))
                .withMessage(path + " is closed");
    }
}
