package org.erat.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.util.Progressable;

/** The local disk under the scheme {@code faulty}, which fills up or denies access as its configuration says. */
public final class FaultyFileSystem extends FilterFileSystem {
    static final String BYTES_FREE = "faulty.bytes-free";
    static final String READ_ONLY = "faulty.read-only";

    private long free;

    public FaultyFileSystem() {
        super(new LocalDisk.Raw() {
            @Override
            public URI getUri() {
                return URI.create("faulty:///");
            }
        });
    }

    static Configuration configuration() {
        Configuration conf = new Configuration();
        conf.set("fs.faulty.impl", FaultyFileSystem.class.getName());
        conf.setBoolean("fs.faulty.impl.disable.cache", true);
        return conf;
    }

    @Override
    public void initialize(URI name, Configuration conf) throws IOException {
        super.initialize(name, conf);
        free = conf.getLong(BYTES_FREE, Long.MAX_VALUE);
    }

    @Override
    public String getScheme() {
        return "faulty";
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        denyIfReadOnly(path);
        return super.mkdirs(path);
    }

    @Override
    public FSDataOutputStream create(
            Path path,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        denyIfReadOnly(path);
        OutputStream disk = super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress);
        return new FSDataOutputStream(new Filling(disk), null);
    }

    @Override
    public FSDataOutputStream append(Path path, int bufferSize, Progressable progress) throws IOException {
        throw new UnsupportedOperationException("append");
    }

    private void denyIfReadOnly(Path path) throws IOException {
        if (getConf().getBoolean(READ_ONLY, false)) {
            throw new AccessControlException("Permission denied: " + path);
        }
    }

    private final class Filling extends OutputStream {
        private final OutputStream disk;

        Filling(OutputStream disk) {
            this.disk = disk;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int fits = (int) Math.min(free, length);
            disk.write(bytes, offset, fits);
            free -= fits;
            if (fits < length) {
                throw new IOException("No space left on device");
            }
        }

        @Override
        public void close() throws IOException {
            disk.close();
        }
    }
}
