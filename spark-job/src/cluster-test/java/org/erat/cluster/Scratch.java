package org.erat.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Folders of the tests below {@code target}. They stay there, to show what a run wrote. */
public final class Scratch {
    private static final Path ALL = Path.of("target", "cluster-tests").toAbsolutePath();

    private Scratch() {}

    /** Creates an empty folder whose name begins with {@code name}. */
    public static Path folder(String name) {
        try {
            Files.createDirectories(ALL);
            return Files.createTempDirectory(ALL, name + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
