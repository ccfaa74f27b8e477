package org.erat.compute.device;

/**
 * What a task computes on.
 *
 * @param kind of device
 * @param ordinal number under which the CUDA runtime of this process knows it; 0 for the CPU
 */
public record Device(Kind kind, int ordinal) {
    /** The processor cores that Spark gave to the task. */
    public static final Device CPU = new Device(Kind.CPU, 0);

    /** Kinds of devices. */
    public enum Kind {
        CPU,
        /** A GPU, by the job's own kernels. */
        CUDA,
        /** A GPU, by ND4J. */
        ND4J_CUDA
    }

    /** A GPU by its number in this process. */
    public static Device gpu(int ordinal, GpuLibrary library) {
        return new Device(library == GpuLibrary.ND4J ? Kind.ND4J_CUDA : Kind.CUDA, ordinal);
    }

    /** {@code cpu} or, say, {@code cuda:1}. */
    @Override
    public String toString() {
        return kind == Kind.CPU ? "cpu" : "cuda:" + ordinal;
    }
}
