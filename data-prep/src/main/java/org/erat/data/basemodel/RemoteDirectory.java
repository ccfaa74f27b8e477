package org.erat.data.basemodel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;

/** A base-model directory on another file system and its copy on the local disk, which is deleted at the end. */
final class RemoteDirectory implements AutoCloseable {
    private static final List<String> FILES = Stream.of(
                    Stream.of(BaseModelDirectory.CONFIG, BaseModelDirectory.TENSORS),
                    BaseModelDirectory.TOKENIZER_FILES.stream(),
                    // Last: where it is, the others are complete.
                    Stream.of(ImportRecord.FILE))
            .flatMap(names -> names)
            .toList();

    private final Storage storage;
    private final org.apache.hadoop.fs.Path path;
    private final StagingDirectory staging;

    private RemoteDirectory(Storage storage, org.apache.hadoop.fs.Path path, StagingDirectory staging) {
        this.storage = storage;
        this.path = path;
        this.staging = staging;
    }

    /**
     * Opens one that may be there or not.
     *
     * @throws UsageException if its file system cannot be reached
     */
    static RemoteDirectory of(org.apache.hadoop.fs.Path path, Configuration hadoop) {
        try {
            Storage storage = Storage.of(path, hadoop);
            StagingDirectory staging =
                    StagingDirectory.beside(Path.of(System.getProperty("java.io.tmpdir"), path.getName()));
            return new RemoteDirectory(storage, storage.qualify(path), staging);
        } catch (IOException | IllegalArgumentException e) {
            // Hadoop says by the second that a host is not known.
            throw new UsageException(path + ": cannot be reached: " + e + ". Check the address and the network.", e);
        }
    }

    private Path local() {
        return staging.work().resolve(path.getName());
    }

    /** The local copy, with what is there so far. */
    Path fetch() {
        try {
            List<String> there = new ArrayList<>();
            for (org.apache.hadoop.fs.Path child : storage.list(path)) {
                there.add(child.getName());
            }
            if (there.isEmpty()) {
                return local();
            }
            Files.createDirectories(local());
            if (!there.contains(ImportRecord.FILE)) {
                // Something else: its names are enough to refuse it.
                Files.createFile(local().resolve(there.get(0)));
                return local();
            }
            for (String name : FILES) {
                if (there.contains(name)) {
                    try (InputStream in = storage.open(new org.apache.hadoop.fs.Path(path, name))) {
                        Files.copy(in, local().resolve(name));
                    }
                }
            }
            return local();
        } catch (IOException e) {
            throw new UsageException(path + ": cannot be read: " + e + ". Check permissions and the network.", e);
        }
    }

    /** Copies the local files there: all of them appear at once, or none. */
    void publish() {
        try {
            storage.writeFolderAtomically(path, temporary -> {
                for (String name : FILES) {
                    if (!Files.exists(local().resolve(name))) {
                        continue;
                    }
                    storage.write(
                            new org.apache.hadoop.fs.Path(temporary, name),
                            out -> Files.copy(local().resolve(name), out));
                }
            });
        } catch (IOException | UncheckedIOException e) {
            throw new UsageException(path + ": cannot be written: " + e + ". Check permissions and space there.", e);
        }
    }

    @Override
    public void close() {
        staging.close();
    }
}
