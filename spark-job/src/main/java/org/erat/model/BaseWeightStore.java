package org.erat.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.device.Device;
import org.erat.compute.device.TaskDevice;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.data.BadInputException;
import org.erat.data.basemodel.BaseModelDirectory;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base weights of a JVM: fetched once through Hadoop's FileSystem, verified by SHA-256, memory-mapped read-only and
 * shared by all tasks, on a GPU by those of the device. This is the one piece of static mutable state: Spark gives an executor no other place that
 * outlives a task.
 */
public final class BaseWeightStore {
    /** Precision of numerical checks: double, by the reference implementation whatever device is named. */
    public static final String DOUBLE = "f64";

    private static final Logger LOG = LoggerFactory.getLogger(BaseWeightStore.class);
    private static final List<String> FILES =
            List.of(BaseModelDirectory.CONFIG, BaseModelDirectory.TENSORS, BaseModelDirectory.TOKENIZER);
    private static final ConcurrentHashMap<Key, Loaded> LOADED = new ConcurrentHashMap<>();
    private static final ConcurrentHashMap<List<Source>, Path> FETCHED = new ConcurrentHashMap<>();

    private BaseWeightStore() {}

    private record Key(String sha256, String precision, String choice, String weights, Device device) {}

    /** A remote file as it was when it was fetched. */
    private record Source(org.apache.hadoop.fs.Path path, long length, long modified) {
        static Source of(FileStatus status) {
            return new Source(status.getPath(), status.getLen(), status.getModificationTime());
        }
    }

    /** Weights and the backend that laid them out. */
    public record Loaded(EncoderWeights weights, Backend backend) {}

    /**
     * The weights of the base model at {@code uri}.
     *
     * @param uri base-model directory, a Hadoop path
     * @param sha256 of the weight file, in hexadecimal
     * @param precision {@code f32}, {@code tf32}, {@code bf16}, or {@code f64} for numerical checks, on ND4J
     * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code nd4j}
     * @param weights {@code packed} or {@code plain}
     * @throws BadInputException if the file is not the one that {@code sha256} names
     */
    public static Loaded load(String uri, String sha256, String precision, String device, String weights) {
        return LOADED.computeIfAbsent(new Key(sha256, precision, device, weights, TaskDevice.current()), key -> {
            BaseModelDirectory directory =
                    BaseModelDirectory.open(localCopy(new org.apache.hadoop.fs.Path(uri), hadoop()));
            if (!directory.tensorsSha256().equals(sha256)) {
                throw new BadInputException(uri + "/" + BaseModelDirectory.TENSORS + " has SHA-256 "
                        + directory.tensorsSha256() + " where " + sha256
                        + " is expected: it was changed or damaged; prepare the base model again");
            }
            Backend chosen = precision.equals("f64")
                    ? new Nd4jBackend(DataType.DOUBLE)
                    : Backends.choose(device, precision, weights);
            LOG.info(
                    "Base weights {} loaded once for this JVM, {} with {} on {}",
                    uri,
                    precision,
                    chosen.name(),
                    key.device());
            return new Loaded(EncoderWeights.of(directory.config(), directory.tensors(), chosen), chosen);
        });
    }

    /** Copies of base weights in this JVM. */
    public static int copies() {
        return LOADED.size();
    }

    /**
     * What this process was told about file systems. An executor has the driver's {@code spark.hadoop.*} settings in its
     * Spark configuration, and the delegation tokens with the user that its tasks run as.
     */
    private static Configuration hadoop() {
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
            org.apache.hadoop.fs.Path record = new org.apache.hadoop.fs.Path(remote, BaseModelDirectory.RECORD);
            if (files.exists(record)) {
                sources.add(Source.of(files.getFileStatus(record)));
            }
            return FETCHED.computeIfAbsent(sources, all -> fetch(all, files));
        } catch (IOException | UncheckedIOException e) {
            throw new BadInputException("Base model " + remote + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Path fetch(List<Source> sources, FileSystem files) {
        try {
            Path local = Files.createTempDirectory("base-model");
            local.toFile().deleteOnExit();
            for (Source source : sources) {
                Path file = local.resolve(source.path().getName());
                file.toFile().deleteOnExit();
                files.copyToLocalFile(source.path(), new org.apache.hadoop.fs.Path(file.toUri()));
            }
            return local;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
