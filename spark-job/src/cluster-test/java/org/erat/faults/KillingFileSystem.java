package org.erat.faults;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.concurrent.locks.LockSupport;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.erat.cluster.Processes;

/**
 * The local disk under the scheme {@code killing}. Its process kills itself (SIGKILL) within a write or rename that a
 * file names: a line of {@link Moment}, a text that the path must contain, and how many such calls go well before. The
 * file is deleted first, so that the next process gets further.
 */
public final class KillingFileSystem extends RawLocalFileSystem {
    static final String SCHEME = "killing";
    static final String MOMENT_FILE = "killing.moment-file";

    /** Where in a call the process ends. */
    enum Moment {
        /** Half of the bytes are written. */
        WITHIN_WRITE,
        /** All is written and nothing has its name yet. */
        BEFORE_RENAME,
        /** It has its name, and nobody was told. */
        AFTER_RENAME
    }

    private int seen;

    @Override
    public URI getUri() {
        return URI.create(SCHEME + ":///");
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        endIf(Moment.BEFORE_RENAME, to);
        boolean renamed = super.rename(from, to);
        endIf(Moment.AFTER_RENAME, to);
        return renamed;
    }

    @Override
    public FSDataOutputStream create(
            Path path, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        FSDataOutputStream out = super.create(path, overwrite, bufferSize, replication, blockSize, progress);
        return new FSDataOutputStream(new Ending(out, path), null);
    }

    @Override
    public FSDataOutputStream append(Path path, int bufferSize, Progressable progress) throws IOException {
        return new FSDataOutputStream(new Ending(super.append(path, bufferSize, progress), path), null);
    }

    private synchronized void endIf(Moment moment, Path path) throws IOException {
        java.nio.file.Path file = java.nio.file.Path.of(getConf().get(MOMENT_FILE));
        if (Files.notExists(file)) {
            return;
        }
        String[] words = Files.readString(file).strip().split(" ", -1);
        boolean meant = moment == Moment.valueOf(words[0]) && path.toString().contains(words[1]);
        if (meant && seen++ == Integer.parseInt(words[2])) {
            Files.delete(file);
            System.err.println("killed: " + moment + " " + path);
            Processes.signal(ProcessHandle.current(), "KILL");
            LockSupport.park();
        }
    }

    /** Writes half of what it is given first. */
    private final class Ending extends OutputStream {
        private final FSDataOutputStream disk;
        private final Path path;

        Ending(FSDataOutputStream disk, Path path) {
            this.disk = disk;
            this.path = path;
        }

        @Override
        public void write(int b) throws IOException {
            disk.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            disk.write(bytes, offset, length / 2);
            disk.hflush();
            endIf(Moment.WITHIN_WRITE, path);
            disk.write(bytes, offset + length / 2, length - length / 2);
        }

        @Override
        public void flush() throws IOException {
            disk.hsync();
        }

        @Override
        public void close() throws IOException {
            disk.close();
        }
    }
}
