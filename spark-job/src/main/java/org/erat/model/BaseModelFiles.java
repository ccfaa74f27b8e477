package org.erat.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.data.BadInputException;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.storage.TemporaryNames;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Base-model directories on the local disk. Those on other file systems are fetched once per JVM; the copies of the last
 * {@link #MOST_COPIES} models stay, so that driver and tasks of one JVM share them.
 */
final class BaseModelFiles {
    /** More models than one JVM works with at a time. */
    static final int MOST_COPIES = 4;

    /** How the names of copies begin. */
    private static final String COPY = "base-model";

    private static final Logger LOG = LoggerFactory.getLogger(BaseModelFiles.class);
    private static final List<String> FILES =
            List.of(BaseModelDirectory.CONFIG, BaseModelDirectory.TENSORS, BaseModelDirectory.TOKENIZER);
    private static final List<String> OPTIONAL =
            List.of(BaseModelDirectory.TOKENIZER_CONFIG, BaseModelDirectory.RECORD);
    private static final Map<List<Source>, Path> FETCHED = new LinkedHashMap<>(16, 0.75f, true);

    private BaseModelFiles() {}

    /** A remote file as it was when it was fetched. */
    private record Source(org.apache.hadoop.fs.Path path, long length, long modified) {
        static Source of(FileStatus status) {
            return new Source(status.getPath(), status.getLen(), status.getModificationTime());
        }
    }

    /**
     * What this process was told about file systems. An executor has the driver's {@code spark.hadoop.*} settings in its
     * Spark configuration, and the delegation tokens with the user that its tasks run as.
     */
    static Configuration hadoop() {
        SparkHadoopUtil spark = SparkHadoopUtil.get();
        SparkEnv process = SparkEnv.get();
        return process == null ? spark.conf() : spark.newConfiguration(process.conf());
    }

    /** A local directory with the files of a base model: the one itself where it is local, else a copy. */
    static Path localCopy(org.apache.hadoop.fs.Path remote, Configuration hadoop) {
        try {
            FileSystem files = remote.getFileSystem(hadoop);
            if (files.getScheme().equals("file")) {
                return Path.of(remote.toUri().getPath());
            }
            List<Source> sources = new ArrayList<>();
            for (String name : FILES) {
                sources.add(Source.of(files.getFileStatus(new org.apache.hadoop.fs.Path(remote, name))));
            }
            for (String name : OPTIONAL) {
                org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(remote, name);
                if (files.exists(file)) {
                    sources.add(Source.of(files.getFileStatus(file)));
                }
            }
            synchronized (FETCHED) {
                Path copy = FETCHED.get(sources);
                if (copy == null) {
                    copy = fetch(sources, files);
                    FETCHED.put(sources, copy);
                    deleteEldest();
                }
                return copy;
            }
        } catch (IOException | UncheckedIOException e) {
            throw new BadInputException("Base model " + remote + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Path fetch(List<Source> sources, FileSystem files) throws IOException {
        removeCopiesOfEndedProcesses();
        Path local = Files.createTempDirectory(TemporaryNames.of(COPY));
        local.toFile().deleteOnExit();
        for (Source source : sources) {
            Path file = local.resolve(source.path().getName());
            file.toFile().deleteOnExit();
            files.copyToLocalFile(source.path(), new org.apache.hadoop.fs.Path(file.toUri()));
        }
        return local;
    }

    private static void deleteEldest() {
        Iterator<Path> eldest = FETCHED.values().iterator();
        while (FETCHED.size() > MOST_COPIES) {
            Path folder = eldest.next();
            eldest.remove();
            delete(folder);
        }
    }

    /** A process that was killed deletes nothing. Copies of other machines are theirs to delete, whatever their age. */
    private static void removeCopiesOfEndedProcesses() throws IOException {
        List<Path> left;
        try (Stream<Path> entries = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            left = entries.filter(
                            entry -> TemporaryNames.isLeft(entry.getFileName().toString(), COPY, Instant::now))
                    .toList();
        }
        left.forEach(BaseModelFiles::delete);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            // Weights that are mapped stay readable until they are unmapped.
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            LOG.warn("The copy of a base model in {} cannot be deleted: {}", folder, e.toString());
        }
    }
}
