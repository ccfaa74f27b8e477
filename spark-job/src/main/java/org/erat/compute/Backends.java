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
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.UsageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The choice of a {@link Backend}: one for each JVM, choice of settings and device, shared by the tasks on that device. There
 * are never more than that: few choices, for the devices that this process sees.
 */
public final class Backends {
    private static final Logger LOG = LoggerFactory.getLogger(Backends.class);
    private static final Map<Choice, Backend> OPEN = new ConcurrentHashMap<>();

    private Backends() {}

    private record Choice(DeviceChoice device, Precision precision, Weights weights, Device ofTask) {
        static Choice of(ComputeSettings settings, Device ofTask) {
            return new Choice(settings.device(), settings.precision(), settings.weights(), ofTask);
        }
    }

    /**
     * The backend that settings ask for, on the device of the current task. Device: {@code AUTO} is the GPU that the task
     * has, else the CPU; {@code CPU} is oneDNN where it runs, else ND4J with a log line; {@code CUDA} is the GPU that the
     * task has; {@code ND4J} is ND4J. Precision: {@code TF32} is {@code F32} where there is no GPU; {@code F64} is ND4J in
     * double precision, whatever the device.
     *
     * @throws UsageException if {@code CUDA} is asked for and the task cannot compute on a GPU
     */
    public static Backend choose(ComputeSettings settings) {
        String architecture = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        return OPEN.computeIfAbsent(
                Choice.of(settings, TaskDevice.current()),
                choice -> open(choice.device(), choice.precision(), choice.weights(), choice.ofTask(), architecture));
    }

    /** A backend that is provided until this is closed. */
    public interface Provided extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Makes {@code backend} the one that {@link #choose} gives for these settings outside of Spark's tasks, which have a GPU
     * from Spark alone: for measurements, and for tests of what lies above.
     */
    public static Provided provide(ComputeSettings settings, Backend backend) {
        Choice choice = Choice.of(settings, Device.CPU);
        OPEN.put(choice, backend);
        return () -> OPEN.remove(choice, backend);
    }

    /**
     * @param ofTask what the task was given
     * @param architecture of the processor, as Java names it
     */
    static Backend open(DeviceChoice device, Precision precision, Weights weights, Device ofTask, String architecture) {
        if (precision == Precision.F64) {
            return new Nd4jBackend(Precision.F64);
        }
        return switch (device) {
            case ND4J -> nd4j(precision);
            case CPU -> cpu(precision, weights, architecture);
            case CUDA ->
                switch (ofTask.kind()) {
                    case CUDA -> cudaOrFail(precision, ofTask);
                    case ND4J_CUDA -> nd4j(precision);
                    case CPU ->
                        throw new UsageException("compute.device = cuda, but this task has no GPU to compute on. Let"
                                + " Spark assign one (spark.task.resource.gpu.amount=1), see above in this log why one"
                                + " that it has assigned is not used, or set compute.device to auto or cpu.");
                };
            case AUTO ->
                switch (ofTask.kind()) {
                    case CUDA -> cudaOrCpu(precision, weights, ofTask, architecture);
                    case ND4J_CUDA -> nd4j(precision);
                    case CPU -> cpu(precision, weights, architecture);
                };
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

    private static Backend cudaOrCpu(Precision precision, Weights weights, Device gpu, String architecture) {
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

    private static Backend cpu(Precision precision, Weights weights, String architecture) {
        try {
            return oneDnn(precision, weights, architecture);
        } catch (LinkageError | UnsupportedOperationException | IllegalStateException e) {
            LOG.warn("Computing with ND4J, which is several times slower: oneDNN does not run here ({})", e.toString());
            return nd4j(precision);
        }
    }

    private static Backend oneDnn(Precision precision, Weights weights, String architecture) {
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
        return new Nd4jBackend(Precision.F32);
    }
}
