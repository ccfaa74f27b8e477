package org.erat.checkpoint;

import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Hadoop's local file system without permissions, which it sets by a process of its own for every file and folder that it
 * makes: in these tests, some ten thousand. {@code core-site.xml} puts it in place of Hadoop's own.
 */
public final class LocalDisk extends LocalFileSystem {
    public LocalDisk() {
        super(new Raw());
    }

    /** The same without checksums. */
    public static class Raw extends RawLocalFileSystem {
        @Override
        public void setPermission(Path path, FsPermission permission) {
            // See above.
        }
    }
}
