package org.erat.compute.device;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.annotation.Nullable;

/**
 * What a job computes on GPUs with. It is built with one of them at most, for they want different releases of CUDA: the
 * default jar has none.
 */
public enum GpuLibrary {
    /** The job's own kernels, cuBLAS and NVRTC (profile {@code cuda}); NVRTC compiles for 7.5 and newer. */
    KERNELS("org/bytedeco/cuda/linux-x86_64/libjnicudart.so", "7.5", null, "CUDA 13"),
    /**
     * ND4J's CUDA backend (profile {@code cuda-11.6}). It has machine code for these and, since 8.9 runs that of 8.6, for
     * what lies between.
     */
    ND4J("org/nd4j/linalg/jcublas/JCublasBackend.class", "3.7", "8.9", "nd4j-cuda-11.6");

    private final String resource;
    private final String lowest;

    @Nullable
    private final String highest;

    private final String software;

    GpuLibrary(String resource, String lowest, @Nullable String highest, String software) {
        this.resource = resource;
        this.lowest = lowest;
        this.highest = highest;
        this.software = software;
    }

    /** The one that this job was built with, or was given by {@code --jars}. */
    static Optional<GpuLibrary> ofThisJob() {
        ClassLoader loader = GpuLibrary.class.getClassLoader();
        return Stream.of(values())
                .filter(library -> loader.getResource(library.resource) != null)
                .findFirst();
    }

    /** Why it cannot be used on the visible GPUs; empty if it can. */
    Optional<String> obstacle(VisibleGpus visible) {
        if (!visible.installed().problem().isEmpty()) {
            return Optional.of(visible.installed().problem());
        }
        List<InstalledGpus.Gpu> gpus = visible.gpus();
        if (gpus.isEmpty()) {
            return Optional.of("no GPU is visible (" + VisibleGpus.VARIABLE + ")");
        }
        // The choice is that of all tasks of a process; and ND4J opens every device that it sees.
        return gpus.stream()
                .filter(gpu -> !runsOn(gpu.capability()))
                .findFirst()
                .map(gpu -> gpu
                        + (highest == null
                                ? " is below " + lowest + ", the lowest that "
                                : " is outside of " + lowest + " to " + highest + ", which ")
                        + software + " runs on");
    }

    private boolean runsOn(ComputeCapability capability) {
        return capability.compareTo(ComputeCapability.parse(lowest)) >= 0
                && (highest == null || capability.compareTo(ComputeCapability.parse(highest)) <= 0);
    }
}
