package org.erat.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import javax.annotation.Nullable;
import org.apache.hadoop.fs.Path;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.device.Device;
import org.erat.compute.device.TaskDevice;
import org.erat.config.ComputeSettings;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.basemodel.BaseModelDirectory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base weights of a JVM: verified by SHA-256, memory-mapped read-only and shared by all tasks, on a GPU by those of the
 * device. They are loaded for their first user and freed after their last one. Thread-safe.
 */
final class BaseWeights implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BaseWeights.class);
    // Spark gives an executor no other place that outlives a task. What it holds is what is in use.
    private static final Map<Key, BaseWeights> IN_USE = new HashMap<>();

    private final Key key;
    private BaseModelDirectory directory;
    private Backend backend;
    private TransformerWeights weights;

    @Nullable
    private OutputWeights output;

    private OptionalInt maskTokenId = OptionalInt.empty();

    private int users;

    private BaseWeights(Key key) {
        this.key = key;
    }

    /** Threads compute with the same weights, and no choice of theirs changes how weights lie. */
    private record Key(String sha256, Architecture architecture, ComputeSettings compute, Device device) {
        static Key of(String sha256, Architecture architecture, ComputeSettings compute) {
            return new Key(sha256, architecture, compute.forWeights(), TaskDevice.current());
        }
    }

    /**
     * The weights of a base model, until {@link #close}.
     *
     * @param uri base-model directory, a Hadoop path
     * @param sha256 of the weight file, in hexadecimal
     * @param architecture that the weights are used in
     * @throws BadInputException if the file is not the one that {@code sha256} names, or is of another architecture
     */
    static BaseWeights acquire(String uri, String sha256, Architecture architecture, ComputeSettings compute) {
        BaseWeights base;
        synchronized (IN_USE) {
            base = IN_USE.computeIfAbsent(Key.of(sha256, architecture, compute), BaseWeights::new);
            base.users++;
        }
        boolean loaded = false;
        try {
            base.load(uri, compute);
            loaded = true;
            return base;
        } finally {
            if (!loaded) {
                base.close();
            }
        }
    }

    private synchronized void load(String uri, ComputeSettings compute) {
        if (weights != null) {
            return;
        }
        BaseModelDirectory found =
                BaseModelDirectory.open(BaseModelFiles.localCopy(new Path(uri), BaseModelFiles.hadoop()));
        boolean usable = false;
        try {
            if (!found.tensorsSha256().equals(key.sha256())) {
                throw new BadInputException(uri + "/" + BaseModelDirectory.TENSORS + " has SHA-256 "
                        + found.tensorsSha256() + " where " + key.sha256()
                        + " is expected: it was changed or damaged. Prepare the base model again, or name it with"
                        + " --model.");
            }
            requireArchitecture(uri, found.architecture());
            backend = Backends.choose(compute);
            weights = TransformerWeights.of(
                    found.architecture(), Families.named(found.architecture().family()), found.tensors(), backend);
            maskTokenId = found.hasMaskedLanguageModelHead() ? found.maskTokenId() : OptionalInt.empty();
            directory = found;
            usable = true;
            LOG.info(
                    "Base weights {} loaded once for this JVM, {} with {} on {}",
                    uri,
                    compute.precision(),
                    backend.name(),
                    key.device());
        } finally {
            if (!usable) {
                found.close();
            }
        }
    }

    private void requireArchitecture(String uri, Architecture found) {
        List<String> differences = found.differences(key.architecture());
        if (!differences.isEmpty()) {
            throw new BadInputException(uri + "/" + BaseModelDirectory.CONFIG + " describes another model than the one"
                    + " asked for: " + String.join(", ", differences)
                    + ". It was changed. Prepare the base model again, or name the right one with --model.");
        }
    }

    TransformerWeights weights() {
        return weights;
    }

    /**
     * The output layer of a language model, laid out for its first user.
     *
     * @throws BadInputException if the checkpoint lacks it
     */
    synchronized OutputWeights output() {
        if (output == null) {
            Architecture architecture = weights.architecture();
            output = OutputWeights.of(weights, Families.of(architecture), directory.tensors(), backend);
        }
        return output;
    }

    /** Id of the mask token of a masked language model; empty for other models, and where the tokenizer has none. */
    OptionalInt maskTokenId() {
        return maskTokenId;
    }

    /** What laid the weights out. */
    Backend backend() {
        return backend;
    }

    /** Sets of base weights that this JVM holds. */
    static int copies() {
        synchronized (IN_USE) {
            return IN_USE.size();
        }
    }

    @Override
    public void close() {
        synchronized (IN_USE) {
            if (--users > 0) {
                return;
            }
            IN_USE.remove(key);
        }
        if (output != null) {
            output.close();
        }
        if (weights != null) {
            weights.close();
            directory.close();
        }
    }
}
