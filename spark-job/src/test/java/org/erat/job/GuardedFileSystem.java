package org.erat.job;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.erat.checkpoint.LocalDisk;

/**
 * The local disk as a remote file system that lets in only those who were given its key, as an object store does. What
 * names the class and holds the key is Hadoop configuration, so a process that was not given it can read nothing.
 */
public final class GuardedFileSystem extends LocalDisk.Raw {
    static final String SCHEME = "guarded";
    static final String CLASS_SETTING = "fs." + SCHEME + ".impl";
    static final String KEY_SETTING = "fs." + SCHEME + ".key";
    static final String KEY = "open sesame";

    @Override
    public void initialize(URI uri, Configuration conf) throws IOException {
        if (!KEY.equals(conf.get(KEY_SETTING))) {
            throw new IOException("wrong key");
        }
        super.initialize(uri, conf);
    }

    @Override
    public URI getUri() {
        return URI.create(SCHEME + ":///");
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }
}
