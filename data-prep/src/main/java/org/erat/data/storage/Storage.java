package org.erat.data.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
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
import org.erat.data.UsageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file system on which files and folders appear whole or not at all: they are written under a hidden temporary name
 * beside their place, forced to disk and renamed.
 */
public final class Storage {
    private static final Logger LOG = LoggerFactory.getLogger(Storage.class);
    private static final String TEMPORARY = ".tmp-";
    private static final String PROBE = "probe";

    /** Writes the content of one file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** Writes the files of one folder. */
    @FunctionalInterface
    public interface FolderContent {
        void writeTo(Path folder) throws IOException;
    }

    private final FileSystem fs;

    private Storage(FileSystem fs) {
        this.fs = fs;
    }

    /**
     * The path that a user has typed.
     *
     * @throws UsageException if it is none, as an empty text and {@code a:b} are none
     */
    public static Path path(String text) {
        try {
            return new Path(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("'" + text + "' is not a path: " + e.getMessage(), e);
        }
    }

    /** The file system of {@code path}. */
    public static Storage of(Path path, Configuration hadoop) throws IOException {
        FileSystem fs = path.getFileSystem(hadoop);
        // The checksummed local file system cannot append and litters the folder with .crc files; what needs
        // checksums has its own.
        return new Storage(fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs);
    }

    /** The full name of {@code path}, with its scheme and without a slash at the end. */
    public Path qualify(Path path) {
        // A path made from a URI may end with a slash, and would then be its own parent.
        return fs.makeQualified(new Path(path.toString()));
    }

    public boolean exists(Path path) throws IOException {
        return fs.exists(path);
    }

    public boolean isFile(Path path) throws IOException {
        return fs.getFileStatus(path).isFile();
    }

    /** Children whose name does not mark them as temporary; none where there is no such folder. */
    public List<Path> list(Path folder) throws IOException {
        return children(folder, false);
    }

    public long length(Path file) throws IOException {
        return fs.getFileStatus(file).getLen();
    }

    public InputStream open(Path file) throws IOException {
        return fs.open(file);
    }

    public byte[] read(Path file) throws IOException {
        try (InputStream in = fs.open(file)) {
            return in.readAllBytes();
        }
    }

    public void createFolder(Path folder) throws IOException {
        // The local file system says no by its return value, others by an exception.
        if (!fs.mkdirs(folder)) {
            throw new IOException("Cannot create folder " + folder);
        }
    }

    private Path temporaryBeside(Path target) {
        return new Path(target.getParent(), TemporaryNames.of(TEMPORARY + target.getName()) + randomDigits());
    }

    private static String randomDigits() {
        return UUID.randomUUID().toString().substring(0, 8);
    }

    /**
     * Removes what processes that have ended left half written for {@code target}. What a live process writes stays.
     * Failures are no reason not to go on: the names say that these files are of no use.
     */
    void removeLeftFor(Path target) {
        if (target.getParent() == null) {
            return;
        }
        try {
            for (Path temporary : children(target.getParent(), true)) {
                if (TemporaryNames.isLeft(
                        temporary.getName(), TEMPORARY + target.getName(), () -> lastChange(temporary))) {
                    fs.delete(temporary, true);
                }
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("What was left half written for {} cannot be removed: {}", target, e.toString());
        }
    }

    /** When a file or something in a folder last changed. */
    private Instant lastChange(Path path) {
        try {
            FileStatus status = fs.getFileStatus(path);
            Instant last = Instant.ofEpochMilli(status.getModificationTime());
            if (status.isDirectory()) {
                for (FileStatus child : fs.listStatus(path)) {
                    Instant change = lastChange(child.getPath());
                    last = change.isAfter(last) ? change : last;
                }
            }
            return last;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes what a process that was killed had half written in {@code folder}. */
    public void removeTemporaries(Path folder) throws IOException {
        for (Path left : children(folder, true)) {
            fs.delete(left, true);
        }
    }

    /** Writes {@code file} and forces it to disk; the file is visible while it is written. */
    public void write(Path file, Content content) throws IOException {
        try (FSDataOutputStream out = fs.create(file, true)) {
            content.writeTo(out);
            out.hsync();
        } catch (FSError e) {
            throw causeOf(e);
        }
    }

    /**
     * Writes {@code file} if there is none of that name; of several processes that try, one succeeds. Where the file
     * system cannot promise that, as object stores cannot, the last one to write wins.
     *
     * @return whether it was this call that created it
     */
    public boolean createNew(Path file, byte[] content) throws IOException {
        try (OutputStream out = fs instanceof RawLocalFileSystem local
                // Hadoop's own looks first and writes then.
                ? Files.newOutputStream(local.pathToFile(file).toPath(), StandardOpenOption.CREATE_NEW)
                : fs.create(file, false)) {
            out.write(content);
            return true;
        } catch (java.nio.file.FileAlreadyExistsException | org.apache.hadoop.fs.FileAlreadyExistsException e) {
            return false;
        } catch (FSError e) {
            throw causeOf(e);
        }
    }

    /** Fails where nothing can be written into {@code folder}; leaves behind no folder that was not there. */
    public void requireWritable(Path folder) throws IOException {
        List<Path> missing = missingFolders(folder);
        try {
            removeLeftFor(new Path(folder, PROBE));
            Path probe = temporaryBeside(new Path(folder, PROBE));
            write(probe, out -> out.write(0));
            fs.delete(probe, false);
        } finally {
            deleteWhereEmpty(missing);
        }
    }

    /** Writes or replaces {@code file}: a reader sees the old content or the new. */
    public void writeAtomically(Path file, Content content) throws IOException {
        byWayOf(temporaryBeside(file), temporary -> {
            write(temporary, content);
            replace(temporary, file);
        });
        forceFolder(file.getParent());
    }

    /**
     * Writes or replaces {@code folder}: it is there with all that {@code content} wrote, or as it was before. What an
     * earlier process left of it when it was killed is removed first.
     */
    public void writeFolderAtomically(Path folder, FolderContent content) throws IOException {
        removeLeftFor(folder);
        byWayOf(temporaryBeside(folder), temporary -> {
            createFolder(temporary);
            content.writeTo(temporary);
            commitFolder(temporary, folder);
        });
    }

    /**
     * Does {@code work} with a folder beside {@code target} that is removed when it is done, however it ends. What an earlier
     * process left there when it was killed is removed first.
     */
    void withFolderBeside(Path target, FolderContent work) throws IOException {
        removeLeftFor(target);
        Path temporary = temporaryBeside(target);
        List<Path> missing = missingFolders(temporary.getParent());
        try {
            createFolder(temporary);
            work.writeTo(temporary);
        } catch (FSError e) {
            throw causeOf(e);
        } finally {
            deleteIfLeft(temporary);
            deleteWhereEmpty(missing);
        }
    }

    /** Where {@code work} fails, neither what it wrote is left nor the folders that were made for it. */
    private void byWayOf(Path temporary, FolderContent work) throws IOException {
        List<Path> missing = missingFolders(temporary.getParent());
        boolean done = false;
        try {
            work.writeTo(temporary);
            done = true;
        } catch (FSError e) {
            throw causeOf(e);
        } finally {
            if (!done) {
                deleteIfLeft(temporary);
                deleteWhereEmpty(missing);
            }
        }
    }

    /** Adds to the end of {@code file}, creating it where it is not there. */
    public void append(Path file, byte[] content) throws IOException {
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
            writeAtomically(file, out -> out.write(all));
        }
    }

    public void delete(Path path) throws IOException {
        fs.delete(path, true);
    }

    private void deleteIfLeft(Path temporary) {
        try {
            fs.delete(temporary, true);
        } catch (IOException e) {
            // Its name says that it is of no use.
        }
    }

    /** {@code folder} and those above it that are not there, the innermost first. */
    private List<Path> missingFolders(Path folder) throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path at = folder; at != null && !fs.exists(at); at = at.getParent()) {
            missing.add(at);
        }
        return missing;
    }

    private void deleteWhereEmpty(List<Path> folders) {
        try {
            for (Path folder : folders) {
                fs.delete(folder, false);
            }
        } catch (IOException e) {
            // Somebody else has put something there meanwhile.
        }
    }

    /** Moves a folder that is complete to its name; one that is there under that name gives way. */
    private void commitFolder(Path temporary, Path target) throws IOException {
        forceFolder(temporary);
        Path old = null;
        if (fs.exists(target)) {
            old = temporaryBeside(target);
            rename(target, old);
        }
        try {
            rename(temporary, target);
        } catch (IOException e) {
            if (old != null) {
                rename(old, target);
            }
            throw e;
        }
        forceFolder(target.getParent());
        if (old != null) {
            fs.delete(old, true);
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
