package org.erat.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;

/** The file that {@code --conf} names, wherever the driver runs. */
final class ConfigurationFile {
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:/.*");

    private ConfigurationFile() {}

    static boolean hasScheme(String name) {
        return SCHEME.matcher(name).matches();
    }

    /**
     * The file on the local disk.
     *
     * @throws UsageException if it is on another file system and cannot be fetched
     */
    static Path locally(String name) {
        if (hasScheme(name)) {
            return fetched(Storage.path(name));
        }
        Path path = Path.of(name);
        // Spark puts what was submitted with --files into the folder that the driver runs in.
        Path sent = path.getFileName();
        return ClusterDriver.here() && sent != null && Files.isRegularFile(sent) ? sent : path;
    }

    /** A copy with the other configurations of its folder, which it may include. */
    private static Path fetched(org.apache.hadoop.fs.Path remote) {
        Configuration hadoop = SparkHadoopUtil.get().newConfiguration(new SparkConf());
        try {
            FileSystem files = remote.getFileSystem(hadoop);
            Path folder = Files.createTempDirectory("configuration");
            folder.toFile().deleteOnExit();
            for (FileStatus file : files.listStatus(
                    remote.getParent(), path -> path.getName().endsWith(".conf") || path.equals(remote))) {
                Path copy = folder.resolve(file.getPath().getName());
                files.copyToLocalFile(file.getPath(), new org.apache.hadoop.fs.Path(copy.toUri()));
                copy.toFile().deleteOnExit();
            }
            return folder.resolve(remote.getName());
        } catch (IOException e) {
            throw new UsageException(
                    "Configuration file " + remote + " cannot be read: " + e.getMessage() + ". Name an existing one.",
                    e);
        }
    }
}
