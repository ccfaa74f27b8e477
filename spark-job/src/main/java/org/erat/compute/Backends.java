package org.erat.compute;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.erat.compute.device.Device;
import org.erat.compute.device.TaskDevice;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The choice of a {@link Backend}: one for each JVM, configuration and device, shared by the tasks on that device. */
public final class Backends {
    private static final Logger LOG = LoggerFactory.getLogger(Backends.class);
    private static final Map<Choice, Backend> OPEN = new ConcurrentHashMap<>();

    private Backends() {}

    private record Choice(String backend, Precision precision, WeightLayout weights, Device device) {}

    /** {@link #choose(String, String, String)} with packed weights. */
    public static Backend choose(String backend, String precision) {
        return choose(backend, precision, "packed");
    }

    /**
     * The backend that a configuration names, for the device of the current task.
     *
     * @param backend {@code onednn}, {@code nd4j} or {@code auto}: on a GPU ND4J; on the CPU oneDNN where it runs, else
     *     ND4J with a log line
     * @param precision {@code f32} or {@code bf16}
     * @param weights {@code packed} or {@code plain}, {@link WeightLayout}
     * @throws IllegalArgumentException for another name
     * @throws IllegalStateException if oneDNN is asked for by name and does not run here
     */
    public static Backend choose(String backend, String precision, String weights) {
        Precision format =
                switch (precision) {
                    case "f32" -> Precision.F32;
                    case "bf16" -> Precision.BF16;
                    default ->
                        throw new IllegalArgumentException("precision " + precision + " is neither f32 nor bf16");
                };
        WeightLayout layout =
                switch (weights) {
                    case "packed" -> WeightLayout.PACKED;
                    case "plain" -> WeightLayout.PLAIN;
                    default ->
                        throw new IllegalArgumentException("weights " + weights + " are neither packed nor plain");
                };
        String architecture = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        Device device = TaskDevice.current();
        return OPEN.computeIfAbsent(
                new Choice(backend, format, layout, device),
                choice -> open(backend, format, layout, device, architecture));
    }

    /** @param architecture of the processor, as Java names it */
    static Backend open(String backend, Precision precision, WeightLayout weights, Device device, String architecture) {
        boolean gpu = device.kind() == Device.Kind.CUDA;
        return switch (gpu && backend.equals("auto") ? "nd4j" : backend) {
            case "nd4j" -> nd4j(precision);
            case "onednn" -> {
                try {
                    yield oneDnn(precision, weights, architecture);
                } catch (LinkageError | UnsupportedOperationException | IllegalStateException e) {
                    throw new IllegalStateException("backend onednn does not run here: " + e.getMessage(), e);
                }
            }
            case "auto" -> {
                try {
                    yield oneDnn(precision, weights, architecture);
                } catch (LinkageError | UnsupportedOperationException | IllegalStateException e) {
                    LOG.warn(
                            "Computing with ND4J, which is several times slower: oneDNN does not run here ({})",
                            e.toString());
                    yield nd4j(precision);
                }
            }
            default -> throw new IllegalArgumentException("backend " + backend + " is none of auto, onednn and nd4j");
        };
    }

    private static Backend oneDnn(Precision precision, WeightLayout weights, String architecture) {
        if (!architecture.equals("amd64") && !architecture.equals("x86_64")) {
            throw new UnsupportedOperationException("the processor is " + architecture + ", not x86-64");
        }
        OneDnnBackend backend = new OneDnnBackend(precision, weights);
        // Loads and links the native library now, where a failure can still be answered.
        backend.open(1).close();
        LOG.info("Computing with oneDNN in {}, weights {}", backend.precision(), weights);
        return backend;
    }

    private static Backend nd4j(Precision precision) {
        if (precision != Precision.F32) {
            LOG.warn("ND4J computes in f32 in place of bf16");
        }
        return new Nd4jBackend(DataType.FLOAT);
    }
}
