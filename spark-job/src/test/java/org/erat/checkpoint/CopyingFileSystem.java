package org.erat.checkpoint;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk under the scheme {@code copying}, with the habits of an object store: a rename copies file by file and
 * deletes then, nothing can be appended to, and after as many changes as its configuration says the process is dead.
 */
public final class CopyingFileSystem extends FilterFileSystem {
    static final String CHANGES_LEFT = "copying.changes-left";

    private long left;

    public CopyingFileSystem() {
        super(new LocalDisk.Raw() {
            @Override
            public URI getUri() {
                return URI.create("copying:///");
            }
        });
    }

    /** One that dies after so many changes. */
    static Configuration dyingAfter(long changes) {
        Configuration conf = new Configuration();
        conf.set("fs.copying.impl", CopyingFileSystem.class.getName());
        conf.setBoolean("fs.copying.impl.disable.cache", true);
        conf.setLong(CHANGES_LEFT, changes);
        return conf;
    }

    @Override
    public void initialize(URI name, Configuration conf) throws IOException {
        super.initialize(name, conf);
        left = conf.getLong(CHANGES_LEFT, Long.MAX_VALUE);
    }

    @Override
    public String getScheme() {
        return "copying";
    }

    private void change() throws IOException {
        if (left-- <= 0) {
            throw new IOException("the process is dead");
        }
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        change();
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
        change();
        return super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress);
    }

    @Override
    public FSDataOutputStream append(Path path, int bufferSize, Progressable progress) {
        throw new UnsupportedOperationException("append");
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        change();
        return super.delete(path, recursive);
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        if (exists(to)) {
            return false;
        }
        copy(from, to);
        deleteAll(from);
        return true;
    }

    private void copy(Path from, Path to) throws IOException {
        if (getFileStatus(from).isFile()) {
            change();
            FileUtil.copy(getRawFileSystem(), from, getRawFileSystem(), to, false, getConf());
            return;
        }
        mkdirs(to);
        for (FileStatus child : listStatus(from)) {
            copy(child.getPath(), new Path(to, child.getPath().getName()));
        }
    }

    private void deleteAll(Path path) throws IOException {
        if (getFileStatus(path).isDirectory()) {
            for (FileStatus child : listStatus(path)) {
                deleteAll(child.getPath());
            }
        }
        delete(path, false);
    }
}
