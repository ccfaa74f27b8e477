package org.erat.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** {@code target/faults.md}: what was injected how often and what came of it, a row written by each test that passed. */
final class FaultTable {
    private static final Path FILE = Path.of("target", "faults.md");

    private FaultTable() {}

    static synchronized void row(String fault, int times, String outcome) {
        try {
            if (Files.notExists(FILE)) {
                Files.write(FILE, List.of("| fault | times | outcome |", "|---|---|---|"));
            }
            Files.writeString(FILE, "| " + fault + " | " + times + " | " + outcome + " |\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
