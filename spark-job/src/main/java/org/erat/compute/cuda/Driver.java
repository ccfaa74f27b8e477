package org.erat.compute.cuda;

import org.erat.config.Precision;

/**
 * One device as the kernels see it: memory by address, and streams. Thread-safe; shared by the tasks of the process.
 * Every failure is a {@link CudaException}.
 */
interface Driver extends AutoCloseable {
    /** The device, for messages. */
    String device();

    /** Whether it multiplies matrices at this precision; every device does in f32. */
    boolean multiplies(Precision precision);

    /** The address of memory of undefined content, a multiple of 256; 0 where the device has no room for it. */
    long allocate(long bytes);

    /** Frees what {@link #allocate} gave; waits until nothing on the device uses it. */
    void free(long address);

    /** What the device has left, for messages: {@code 1024 of 81000 MiB are free}. */
    String room();

    /** Scratch memory that a product of a stream is given. */
    long workspaceBytes();

    /**
     * A new stream.
     *
     * @param tf32 whether its products round operands of f32 to TF32
     */
    Stream open(boolean tf32);

    @Override
    void close();
}
