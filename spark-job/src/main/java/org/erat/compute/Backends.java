package org.erat.compute;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.erat.compute.cuda.CudaBackend;
import org.erat.compute.cuda.CudaException;
import org.erat.compute.device.Device;
import org.erat.compute.device.TaskDevice;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.data.UsageException;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The choice of a {@link Backend}: one for each JVM, configuration and device, shared by the tasks on that device. */
public final class Backends {
    private static final Logger LOG = LoggerFactory.getLogger(Backends.class);
    private static final Map<Choice, Backend> OPEN = new ConcurrentHashMap<>();

    private Backends() {}

    private record Choice(String device, Precision precision, WeightLayout weights, Device ofTask) {}

    /** {@link #choose(String, String, String)} with packed weights. */
    public static Backend choose(String device, String precision) {
        return choose(device, precision, "packed");
    }

    /**
     * The backend that a configuration asks for, on the device of the current task.
     *
     * @param device {@code auto}: the GPU that the task has, else the CPU; {@code cpu}: oneDNN where it runs, else ND4J
     *     with a log line; {@code cuda}: the GPU that the task has; {@code nd4j}: ND4J
     * @param precision {@code f32}, {@code tf32} or {@code bf16}; tf32 is f32 where there is no GPU
     * @param weights {@code packed} or {@code plain}, {@link WeightLayout}
     * @throws IllegalArgumentException for another name
     * @throws UsageException if {@code cuda} is asked for and the task cannot compute on a GPU
     */
    public static Backend choose(String device, String precision, String weights) {
        Precision format =
                switch (precision) {
                    case "f32" -> Precision.F32;
                    case "tf32" -> Precision.TF32;
                    case "bf16" -> Precision.BF16;
                    default ->
                        throw new IllegalArgumentException("precision " + precision + " is none of f32, tf32 and bf16");
                };
        WeightLayout layout =
                switch (weights) {
                    case "packed" -> WeightLayout.PACKED;
                    case "plain" -> WeightLayout.PLAIN;
                    default ->
                        throw new IllegalArgumentException("weights " + weights + " are neither packed nor plain");
                };
        String architecture = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        return OPEN.computeIfAbsent(
                new Choice(device, format, layout, TaskDevice.current()),
                choice -> open(device, format, layout, choice.ofTask(), architecture));
    }

    /**
     * Gives this backend to whoever asks for {@code device} outside of Spark's tasks, which have a GPU from Spark alone:
     * for measurements, and for tests of what lies above.
     */
    public static void provide(String device, Precision precision, Backend backend) {
        OPEN.put(new Choice(device, precision, WeightLayout.PACKED, Device.CPU), backend);
    }

    /**
     * @param ofTask what the task was given
     * @param architecture of the processor, as Java names it
     */
    static Backend open(String device, Precision precision, WeightLayout weights, Device ofTask, String architecture) {
        return switch (device) {
            case "nd4j" -> nd4j(precision);
            case "cpu" -> cpu(precision, weights, architecture);
            case "cuda" ->
                switch (ofTask.kind()) {
                    case CUDA -> cudaOrFail(precision, ofTask);
                    case ND4J_CUDA -> nd4j(precision);
                    case CPU ->
                        throw new UsageException(
                                "compute.device = cuda, but this task has no GPU to compute on: let Spark"
                                        + " assign one (spark.task.resource.gpu.amount=1), see above in this log why one that it"
                                        + " has assigned is not used, or set compute.device to auto or cpu");
                };
            case "auto" ->
                switch (ofTask.kind()) {
                    case CUDA -> cudaOrCpu(precision, weights, ofTask, architecture);
                    case ND4J_CUDA -> nd4j(precision);
                    case CPU -> cpu(precision, weights, architecture);
                };
            default -> throw new IllegalArgumentException("device " + device + " is none of auto, cpu, cuda and nd4j");
        };
    }

    private static Backend cudaOrFail(Precision precision, Device gpu) {
        try {
            return cuda(precision, gpu);
        } catch (LinkageError e) {
            throw new UsageException(
                    "compute.device = cuda, but CUDA cannot be loaded: " + e.getMessage()
                            + ". Executors need NVIDIA's driver and the libraries of CUDA 13 on their library path.",
                    e);
        }
    }

    private static Backend cudaOrCpu(Precision precision, WeightLayout weights, Device gpu, String architecture) {
        try {
            return cuda(precision, gpu);
        } catch (LinkageError | CudaException e) {
            TaskDevice.sayThatGpusAreNotUsed(e.toString());
            return cpu(precision, weights, architecture);
        }
    }

    private static Backend cuda(Precision precision, Device gpu) {
        CudaBackend backend = CudaBackend.on(gpu.ordinal(), precision);
        LOG.info("Computing with CUDA in {} on {}", backend.precision(), backend.device());
        return backend;
    }

    private static Backend cpu(Precision precision, WeightLayout weights, String architecture) {
        try {
            return oneDnn(precision, weights, architecture);
        } catch (LinkageError | UnsupportedOperationException | IllegalStateException e) {
            LOG.warn("Computing with ND4J, which is several times slower: oneDNN does not run here ({})", e.toString());
            return nd4j(precision);
        }
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
            LOG.warn("ND4J computes in f32 in place of {}", precision.name().toLowerCase(Locale.ROOT));
        }
        return new Nd4jBackend(DataType.FLOAT);
    }
}
