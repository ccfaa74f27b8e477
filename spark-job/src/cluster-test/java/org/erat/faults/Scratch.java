package org.erat.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Folders of the tests below {@code target}, left there for whoever wants to see what a run wrote. */
final class Scratch {
    private static final Path ALL = Path.of("target", "faults").toAbsolutePath();

    private Scratch() {}

    /** An empty folder. */
    static Path folder(String name) {
        try {
            Files.createDirectories(ALL);
            return Files.createTempDirectory(ALL, name + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
