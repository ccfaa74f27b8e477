package org.erat.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.data.BadInputException;
import org.erat.data.basemodel.BaseModelDirectory;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base weights of a JVM: fetched once through Hadoop's FileSystem, verified by SHA-256, memory-mapped read-only and
 * shared by all tasks. This is the one piece of static mutable state: Spark gives an executor no other place that
 * outlives a task.
 */
public final class BaseWeightStore {
    /** Precision of numerical checks: double, by the reference implementation whatever backend is named. */
    public static final String DOUBLE = "f64";

    private static final Logger LOG = LoggerFactory.getLogger(BaseWeightStore.class);
    private static final ConcurrentHashMap<Key, Loaded> LOADED = new ConcurrentHashMap<>();

    private BaseWeightStore() {}

    private record Key(String sha256, String precision, String backend, String weights) {}

    /** Weights and the backend that laid them out. */
    public record Loaded(EncoderWeights weights, Backend backend) {}

    /**
     * The weights of the base model at {@code uri}.
     *
     * @param uri base-model directory, a Hadoop path
     * @param sha256 of the weight file, in hexadecimal
     * @param precision {@code f32}, {@code bf16}, or {@code f64} for numerical checks, on ND4J
     * @param backend {@code auto}, {@code onednn} or {@code nd4j}
     * @param weights {@code packed} or {@code plain}
     * @throws BadInputException if the file is not the one that {@code sha256} names
     */
    public static Loaded load(String uri, String sha256, String precision, String backend, String weights) {
        return LOADED.computeIfAbsent(new Key(sha256, precision, backend, weights), key -> {
            BaseModelDirectory directory = BaseModelDirectory.open(localCopy(new org.apache.hadoop.fs.Path(uri)));
            if (!directory.tensorsSha256().equals(sha256)) {
                throw new BadInputException(uri + "/" + BaseModelDirectory.TENSORS + " has SHA-256 "
                        + directory.tensorsSha256() + " where " + sha256
                        + " is expected: it was changed or damaged; prepare the base model again");
            }
            Backend chosen = precision.equals("f64")
                    ? new Nd4jBackend(DataType.DOUBLE)
                    : Backends.choose(backend, precision, weights);
            LOG.info("Base weights {} loaded once for this JVM, {} on {}", uri, precision, chosen.name());
            return new Loaded(EncoderWeights.of(directory.config(), directory.tensors(), chosen), chosen);
        });
    }

    /** Copies of base weights in this JVM. */
    public static int copies() {
        return LOADED.size();
    }

    /** A local directory with the files of a base model: the one itself where it is local, else a copy. */
    static Path localCopy(org.apache.hadoop.fs.Path remote) {
        try {
            FileSystem files = remote.getFileSystem(new Configuration());
            if (files.getScheme().equals("file")) {
                return Path.of(remote.toUri().getPath());
            }
            Path local = Files.createTempDirectory("base-model");
            local.toFile().deleteOnExit();
            for (String name :
                    List.of(BaseModelDirectory.CONFIG, BaseModelDirectory.TENSORS, BaseModelDirectory.TOKENIZER)) {
                Path file = local.resolve(name);
                files.copyToLocalFile(
                        new org.apache.hadoop.fs.Path(remote, name), new org.apache.hadoop.fs.Path(file.toUri()));
                file.toFile().deleteOnExit();
            }
            return local;
        } catch (IOException e) {
            throw new BadInputException("Base model " + remote + " cannot be read: " + e.getMessage(), e);
        }
    }
}
