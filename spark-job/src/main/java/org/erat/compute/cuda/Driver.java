package org.erat.compute.cuda;

/**
 * One device as the kernels see it: memory by address, and streams. Thread-safe; shared by the tasks of the process.
 * Every failure is a {@link CudaException}.
 */
interface Driver extends AutoCloseable {
    /** The device, for messages. */
    String device();

    /** Whether it multiplies matrices of bf16. */
    boolean multipliesBf16();

    /** The address of memory of undefined content, a multiple of 256; 0 where the device has no room for it. */
    long allocate(long bytes);

    /** Frees what {@link #allocate} gave; waits until nothing on the device uses it. */
    void free(long address);

    /** What the device has left, for messages: {@code 1024 of 81000 MiB are free}. */
    String room();

    /** Scratch memory that a product of a stream is given. */
    long workspaceBytes();

    /** A new stream. */
    Stream open();

    @Override
    void close();
}
