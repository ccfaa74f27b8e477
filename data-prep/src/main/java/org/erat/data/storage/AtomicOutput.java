package org.erat.data.storage;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.UsageException;

/**
 * A file or folder that a user told a command to write, on any Hadoop file system. It appears whole or not at all, and
 * replaces only what it may replace. Errors name the path and the fix.
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
     * Output to {@code target}. Nothing is written yet.
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
     * Checks, before long work, that {@link #file} can write to the target.
     *
     * @throws UsageException if the target is a folder, or its parent folder cannot be written to
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
     * @throws UsageException if the target is a folder or cannot be written
     */
    public void file(Storage.Content content) {
        try {
            refuseFolder();
            storage.removeLeftFor(target);
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
     * Writes or replaces the folder. An existing folder is replaced if it is empty or holds a file of the name {@code
     * mark}, which shows that this method wrote it.
     *
     * @throws UsageException if the target is anything else or cannot be written
     */
    public void folder(String mark, FolderContent content) {
        wholeFolder(mark, folder -> content.writeTo((name, file) -> storage.write(new Path(folder, name), file)));
    }

    /**
     * Checks, before long work, that {@link #wholeFolder} can write to the target.
     *
     * @throws UsageException if the target is something that may not be replaced, or its parent folder cannot be written to
     */
    public void requireFolder(String mark) {
        try {
            refuseOther(mark);
            storage.requireWritable(target.getParent());
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /**
     * Writes or replaces the folder, as {@link #folder} does, by something that writes its files itself, {@code mark} among
     * them.
     *
     * @throws UsageException if the target is anything else or cannot be written
     */
    public void wholeFolder(String mark, Storage.FolderContent content) {
        try {
            refuseOther(mark);
            storage.writeFolderAtomically(target, content);
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /**
     * Does {@code work} with a folder beside the target that is removed when it is done, however it ends.
     *
     * @throws UsageException if it cannot be written
     */
    public void withScratch(Storage.FolderContent work) {
        try {
            storage.withFolderBeside(target, work);
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    private void refuseOther(String mark) throws IOException {
        if (target.getParent() == null || (storage.exists(target) && !isReplaceableFolder(mark))) {
            throw isSomethingElse();
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
