package org.erat.export;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;

/**
 * A file or folder that a command was told to write, on any Hadoop file system: it appears whole or not at all, and takes
 * the place of nothing but what it may replace.
 */
public final class AtomicOutput {
    private final Storage storage;
    private final Path target;

    /** Writes the files of a folder, each by its name. */
    @FunctionalInterface
    public interface FolderContent {
        void writeTo(FileWriter folder) throws IOException;
    }

    /** Writes one file into a folder. */
    @FunctionalInterface
    public interface FileWriter {
        void write(String name, Storage.Content content) throws IOException;
    }

    private AtomicOutput(Storage storage, Path target) {
        this.storage = storage;
        this.target = target;
    }

    /**
     * Where something is to be written.
     *
     * @throws UsageException if there is no such file system
     */
    public static AtomicOutput at(Path target, Configuration hadoop) {
        try {
            Storage storage = Storage.of(target, hadoop);
            return new AtomicOutput(storage, storage.qualify(target));
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /**
     * Makes sure, before long work, that {@link #file} will find a place it can write to.
     *
     * @throws UsageException if a folder is there, or nothing can be written beside
     */
    public void requireFile() {
        try {
            refuseFolder();
            storage.requireWritable(target.getParent());
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /**
     * Writes or replaces the file.
     *
     * @throws UsageException if it cannot be written
     */
    public void file(Storage.Content content) {
        try {
            refuseFolder();
            storage.writeAtomically(target, content);
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    private void refuseFolder() throws IOException {
        if (target.getParent() == null || (storage.exists(target) && !storage.isFile(target))) {
            throw isSomethingElse();
        }
    }

    /**
     * Writes or replaces the folder. One that is there is replaced if it is empty or holds {@code mark}, a name that tells
     * that it was written by this method.
     *
     * @throws UsageException if something else is there, or it cannot be written
     */
    public void folder(String mark, FolderContent content) {
        try {
            if (storage.exists(target) && !isReplaceableFolder(mark)) {
                throw isSomethingElse();
            }
            storage.writeFolderAtomically(
                    target, folder -> content.writeTo((name, file) -> storage.write(new Path(folder, name), file)));
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    private boolean isReplaceableFolder(String mark) throws IOException {
        return !storage.isFile(target) && (storage.list(target).isEmpty() || storage.exists(new Path(target, mark)));
    }

    private UsageException isSomethingElse() {
        return new UsageException(target + " is there already and is something else. Name a new place to write to.");
    }

    private static UsageException cannotWrite(Path target, IOException e) {
        return new UsageException(
                target + ": cannot be written: " + e.getMessage()
                        + ". Check permissions and free space of its directory.",
                e);
    }
}
