package org.erat.export;

import java.io.IOException;
import java.io.OutputStream;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.erat.data.UsageException;

/**
 * A file or folder on any Hadoop file system that appears whole or not at all: it is written under a hidden name beside
 * its place and renamed.
 */
public final class AtomicOutput {
    private final FileSystem fs;
    private final Path target;

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** Writes the files of a folder, each by its name. */
    @FunctionalInterface
    public interface FolderContent {
        void writeTo(FileWriter folder) throws IOException;
    }

    /** Writes one file into a folder. */
    @FunctionalInterface
    public interface FileWriter {
        void write(String name, Content content) throws IOException;
    }

    private AtomicOutput(FileSystem fs, Path target) {
        this.fs = fs;
        this.target = target;
    }

    /**
     * Where something is to be written.
     *
     * @throws UsageException if there is no such file system
     */
    public static AtomicOutput at(Path target, Configuration hadoop) {
        try {
            // A path made from a URI may end with a slash, and would then be its own parent.
            Path place = new Path(target.toString());
            FileSystem fs = target.getFileSystem(hadoop);
            // The checksummed local file system would leave a hidden file beside each one.
            FileSystem plain = fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs;
            return new AtomicOutput(plain, plain.makeQualified(place));
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /**
     * Writes or replaces the file.
     *
     * @throws UsageException if it cannot be written
     */
    public void file(Content content) {
        publish(temporary -> create(temporary, content), there -> fs.getFileStatus(there)
                .isFile());
    }

    /**
     * Writes or replaces the folder. One that is there is replaced if it is empty or holds {@code mark}, a name that tells
     * that it was written by this method.
     *
     * @throws UsageException if something else is there, or it cannot be written
     */
    public void folder(String mark, FolderContent content) {
        publish(
                temporary -> {
                    if (!fs.mkdirs(temporary)) {
                        throw new IOException("the folder cannot be made");
                    }
                    content.writeTo((name, file) -> create(new Path(temporary, name), file));
                },
                there -> fs.getFileStatus(there).isDirectory()
                        && (fs.listStatus(there).length == 0 || fs.exists(new Path(there, mark))));
    }

    @FunctionalInterface
    private interface Writing {
        void writeTo(Path temporary) throws IOException;
    }

    @FunctionalInterface
    private interface Replaceable {
        boolean test(Path there) throws IOException;
    }

    private void publish(Writing writing, Replaceable replaceable) {
        Path temporary = new Path(target.getParent(), "." + target.getName() + ".partial-" + UUID.randomUUID());
        try {
            if (fs.exists(target) && !replaceable.test(target)) {
                throw new UsageException(
                        target + " is there already and is something else. Name a new place to write to.");
            }
            if (!fs.mkdirs(target.getParent())) {
                throw new IOException("its folder cannot be made");
            }
            writing.writeTo(temporary);
            // A rename over a file is atomic on a local disk; elsewhere, and for folders, the old one has to go first.
            if (!(fs instanceof RawLocalFileSystem
                    && fs.getFileStatus(temporary).isFile())) {
                fs.delete(target, true);
            }
            if (!fs.rename(temporary, target)) {
                throw new IOException("it cannot be renamed from " + temporary);
            }
        } catch (IOException e) {
            throw cannotWrite(target, e);
        } catch (FSError e) {
            // Hadoop's way to say that the local disk is full.
            throw cannotWrite(target, new IOException(e.getMessage(), e));
        } finally {
            deleteIfLeft(temporary);
        }
    }

    private void create(Path file, Content content) throws IOException {
        try (FSDataOutputStream out = fs.create(file, true)) {
            content.writeTo(out);
            // The rename must not reach the disk before the bytes do.
            out.hsync();
        }
    }

    private void deleteIfLeft(Path temporary) {
        try {
            fs.delete(temporary, true);
        } catch (IOException e) {
            // Its name says that it is of no use.
        }
    }

    private static UsageException cannotWrite(Path target, IOException e) {
        return new UsageException(
                target + ": cannot be written: " + e.getMessage()
                        + ". Check permissions and free space of its directory.",
                e);
    }
}
