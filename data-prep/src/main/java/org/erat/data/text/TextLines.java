package org.erat.data.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.storage.Storage;

/** Lines of a UTF-8 file, plain or compressed. */
public final class TextLines {
    /** Does something with a file that is open. */
    @FunctionalInterface
    interface Use<T> {
        T of(Utf8Lines lines) throws IOException;
    }

    private TextLines() {}

    /**
     * Passes on each line without its end.
     *
     * @throws BadInputException if the file is not there, or is not UTF-8
     */
    public static void forEach(Configuration hadoop, Path file, Consumer<String> consumer) {
        read(hadoop, file, lines -> {
            for (String line = lines.next(); line != null; line = lines.next()) {
                consumer.accept(line);
            }
            return file;
        });
    }

    /** Opens a file, decompressed, and reads it. */
    static <T> T read(Configuration hadoop, Path file, Use<T> use) {
        try (Utf8Lines lines =
                new Utf8Lines(PlainBytes.of(Storage.of(file, hadoop).open(file), file.toString()))) {
            return use.of(lines);
        } catch (FileNotFoundException e) {
            throw new BadInputException(file + " does not exist. Check the path", e);
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", file, e.getMessage()), e);
        }
    }
}
