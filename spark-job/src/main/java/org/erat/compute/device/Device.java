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
        CUDA
    }

    /** A GPU by its number in this process. */
    public static Device cuda(int ordinal) {
        return new Device(Kind.CUDA, ordinal);
    }

    /** {@code cpu} or, say, {@code cuda:1}. */
    @Override
    public String toString() {
        return kind == Kind.CPU ? "cpu" : "cuda:" + ordinal;
    }
}
