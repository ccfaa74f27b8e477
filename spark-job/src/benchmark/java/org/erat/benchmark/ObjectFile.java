package org.erat.benchmark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Larger values on their way between the benchmark's own processes. */
final class ObjectFile {
    private ObjectFile() {}

    static void write(Path file, Serializable value) {
        try (ObjectOutputStream out = new ObjectOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.writeObject(value);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    /** What {@link #write} wrote; its type is the reader's to know. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    static <T> T read(Path file) {
        try (ObjectInputStream in = new ObjectInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            return (T) in.readObject();
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(file + " was written by another version of the benchmark", e);
        }
    }
}
