package org.erat.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.hdfs.DistributedFileSystem;

/**
 * A file system on which files and folders appear whole or not at all: they are written under a hidden temporary name
 * beside their place, forced to disk and renamed.
 */
final class Storage {
    private static final String TEMPORARY = ".tmp-";

    /** Writes the content of one file. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private final FileSystem fs;

    private Storage(FileSystem fs) {
        this.fs = fs;
    }

    static Storage of(Path path, Configuration hadoop) throws IOException {
        FileSystem fs = path.getFileSystem(hadoop);
        // The checksummed local file system cannot append and litters the folder with .crc files; a checkpoint has
        // checksums of its own.
        return new Storage(fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs);
    }

    Path qualify(Path path) {
        return fs.makeQualified(path);
    }

    boolean exists(Path path) throws IOException {
        return fs.exists(path);
    }

    /** Children whose name does not mark them as temporary; none where there is no such folder. */
    List<Path> list(Path folder) throws IOException {
        return children(folder, false);
    }

    long length(Path file) throws IOException {
        return fs.getFileStatus(file).getLen();
    }

    InputStream open(Path file) throws IOException {
        return fs.open(file);
    }

    byte[] read(Path file) throws IOException {
        try (InputStream in = fs.open(file)) {
            return in.readAllBytes();
        }
    }

    void createFolder(Path folder) throws IOException {
        // The local file system says no by its return value, others by an exception.
        if (!fs.mkdirs(folder)) {
            throw new IOException("Cannot create folder " + folder);
        }
    }

    Path temporaryBeside(Path target) {
        return new Path(target.getParent(), TEMPORARY + target.getName() + "-" + UUID.randomUUID());
    }

    /** Removes what a process that was killed had half written in {@code folder}. */
    void removeTemporaries(Path folder) throws IOException {
        for (Path left : children(folder, true)) {
            fs.delete(left, true);
        }
    }

    /** Writes {@code file} and forces it to disk; the file is visible while it is written. */
    void write(Path file, Content content) throws IOException {
        try (FSDataOutputStream out = fs.create(file, true)) {
            content.writeTo(out);
            out.hsync();
        } catch (FSError e) {
            throw causeOf(e);
        }
    }

    /** Fails where nothing can be written into {@code folder}. */
    void requireWritable(Path folder) throws IOException {
        Path probe = temporaryBeside(new Path(folder, "probe"));
        write(probe, out -> out.write(0));
        fs.delete(probe, false);
    }

    /** Writes or replaces {@code file}: a reader sees the old content or the new. */
    void writeAtomically(Path file, byte[] content) throws IOException {
        Path temporary = temporaryBeside(file);
        try {
            write(temporary, out -> out.write(content));
            replace(temporary, file);
        } catch (IOException | RuntimeException e) {
            deleteQuietly(temporary, e);
            throw e;
        }
        forceFolder(file.getParent());
    }

    /** Moves a folder that is complete to its name; one that is there under that name gives way. */
    void commitFolder(Path temporary, Path target) throws IOException {
        forceFolder(temporary);
        Path old = null;
        if (fs.exists(target)) {
            old = temporaryBeside(target);
            rename(target, old);
        }
        rename(temporary, target);
        forceFolder(target.getParent());
        if (old != null) {
            fs.delete(old, true);
        }
    }

    /** Adds to the end of {@code file}, creating it where it is not there. */
    void append(Path file, byte[] content) throws IOException {
        if (!fs.exists(file)) {
            write(file, out -> out.write(content));
            return;
        }
        try (FSDataOutputStream out = fs.append(file)) {
            out.write(content);
            out.hflush();
        } catch (FSError e) {
            throw causeOf(e);
        } catch (UnsupportedOperationException e) {
            byte[] before = read(file);
            byte[] all = Arrays.copyOf(before, before.length + content.length);
            System.arraycopy(content, 0, all, before.length, content.length);
            writeAtomically(file, all);
        }
    }

    void delete(Path path) throws IOException {
        fs.delete(path, true);
    }

    void deleteQuietly(Path path, Exception cause) {
        try {
            fs.delete(path, true);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /** Hadoop throws an error, not an exception, where the local disk is full. */
    private static IOException causeOf(FSError e) {
        return e.getCause() instanceof IOException cause ? cause : new IOException(e.getMessage(), e);
    }

    private List<Path> children(Path folder, boolean temporary) throws IOException {
        List<Path> found = new ArrayList<>();
        try {
            for (FileStatus status : fs.listStatus(folder)) {
                if (status.getPath().getName().startsWith(TEMPORARY) == temporary) {
                    found.add(status.getPath());
                }
            }
        } catch (FileNotFoundException e) {
            return List.of();
        }
        found.sort(null);
        return found;
    }

    private void replace(Path temporary, Path file) throws IOException {
        if (fs instanceof DistributedFileSystem hdfs) {
            hdfs.rename(temporary, file, Options.Rename.OVERWRITE);
            return;
        }
        // A rename over a file is atomic on POSIX file systems; elsewhere the old file has to go first.
        if (!(fs instanceof RawLocalFileSystem) && fs.exists(file)) {
            fs.delete(file, false);
        }
        rename(temporary, file);
    }

    private void rename(Path from, Path to) throws IOException {
        if (!fs.rename(from, to)) {
            throw new IOException("Cannot rename " + from + " to " + to);
        }
    }

    /** Makes a rename durable: on a local disk the folder is forced to disk too. */
    private void forceFolder(Path folder) throws IOException {
        if (fs instanceof RawLocalFileSystem local) {
            try (FileChannel channel = FileChannel.open(local.pathToFile(folder).toPath(), StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
