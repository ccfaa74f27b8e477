package org.erat.compute.device;

import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkEnv;

/**
 * Whether ND4J may compute with CUDA in this process. ND4J's own check counts devices only, and its backend then fails in
 * the middle of work on a GPU that it has no machine code for.
 */
public final class CudaSupport {
    /** nd4j-cuda-11.6 has machine code for these and, since 8.9 runs that of 8.6, for what lies between. */
    private static final ComputeCapability LOWEST = new ComputeCapability(3, 7);

    private static final ComputeCapability HIGHEST = new ComputeCapability(8, 9);

    /** What Spark calls the driver among executors. */
    private static final String DRIVER = "driver";

    private static final String BACKEND = "org/nd4j/linalg/jcublas/JCublasBackend.class";

    private CudaSupport() {}

    private static boolean isInJar() {
        return CudaSupport.class.getClassLoader().getResource(BACKEND) != null;
    }

    /** Why ND4J must leave CUDA alone in this process; empty if it may use it. */
    public static Optional<String> obstacle() {
        SparkEnv env = SparkEnv.get();
        if (env == null || env.executorId().equals(DRIVER)) {
            return Optional.of("only executors use GPUs, not the driver");
        }
        if (env.conf().get("spark.executor.resource.gpu.amount", "0").equals("0")) {
            return Optional.of("Spark assigns no GPUs to executors");
        }
        return obstacle(isInJar(), ThisJvm.GPUS);
    }

    static Optional<String> obstacle(boolean inJar, VisibleGpus visible) {
        if (!inJar) {
            return Optional.of("the job was built without CUDA (see profile cuda-11.6)");
        }
        if (!visible.installed().problem().isEmpty()) {
            return Optional.of(visible.installed().problem());
        }
        List<InstalledGpus.Gpu> gpus = visible.gpus();
        if (gpus.isEmpty()) {
            return Optional.of("no GPU is visible (" + VisibleGpus.VARIABLE + ")");
        }
        // ND4J opens every device that it sees, whichever of them tasks are bound to.
        return gpus.stream()
                .filter(gpu -> gpu.capability().compareTo(LOWEST) < 0
                        || gpu.capability().compareTo(HIGHEST) > 0)
                .findFirst()
                .map(gpu -> gpu + " is outside of " + LOWEST + " to " + HIGHEST + ", which nd4j-cuda-11.6 runs on");
    }

    /** Looked up once: GPUs of a machine do not change under a process. */
    static final class ThisJvm {
        static final VisibleGpus GPUS = VisibleGpus.of(System.getenv(VisibleGpus.VARIABLE), InstalledGpus.ask());

        private ThisJvm() {}
    }
}
