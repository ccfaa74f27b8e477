package org.erat.compute.device;

import java.util.Optional;
import org.apache.spark.SparkEnv;

/**
 * Whether this process may compute on GPUs. CUDA's own answer counts devices only; ND4J's backend then fails in the
 * middle of work on a GPU that it has no machine code for.
 */
public final class CudaSupport {
    /** What Spark calls the driver among executors. */
    private static final String DRIVER = "driver";

    private CudaSupport() {}

    /** Why this process must leave GPUs alone; empty if it may use them. */
    public static Optional<String> obstacle() {
        SparkEnv env = SparkEnv.get();
        if (env == null || env.executorId().equals(DRIVER)) {
            return Optional.of("only executors use GPUs, not the driver");
        }
        if (env.conf().get("spark.executor.resource.gpu.amount", "0").equals("0")) {
            return Optional.of("Spark assigns no GPUs to executors");
        }
        return obstacle(GpuLibrary.ofThisJob(), ThisJvm.GPUS);
    }

    static Optional<String> obstacle(Optional<GpuLibrary> library, VisibleGpus visible) {
        return library.isEmpty()
                ? Optional.of("the job was built without CUDA (see profiles cuda and cuda-11.6)")
                : library.get().obstacle(visible);
    }

    /** Looked up once: GPUs of a machine do not change under a process. */
    static final class ThisJvm {
        static final VisibleGpus GPUS = VisibleGpus.of(System.getenv(VisibleGpus.VARIABLE), InstalledGpus.ask());

        private ThisJvm() {}
    }
}
