package org.erat.compute.cuda;

import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.erat.compute.Update;
import org.erat.config.Precision;

/** A device that does nothing at once: what is left of a step's time is this project's own, on the host. */
public final class NoDevice implements Driver {
    private static final int ALIGNMENT = 256;
    private static final long WORKSPACE = 32L << 20;
    private static final long SUMMARY_BYTES = (long) Update.SUMMARY * Float.BYTES;

    private final AtomicLong next = new AtomicLong(ALIGNMENT);
    private final AtomicLong calls = new AtomicLong();

    private NoDevice() {}

    /** A backend over it, and how often it has been called. */
    public record Counted(CudaBackend backend, AtomicLong calls) {}

    /** A new one. */
    public static Counted open(Precision precision) {
        NoDevice driver = new NoDevice();
        return new Counted(new CudaBackend(driver, precision), driver.calls);
    }

    @Override
    public String device() {
        return "no device";
    }

    @Override
    public boolean multiplies(Precision precision) {
        return true;
    }

    @Override
    public long allocate(long bytes) {
        return next.getAndAdd((bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }

    @Override
    public void free(long address) {
        // Addresses are never used again.
    }

    @Override
    public String room() {
        return "all";
    }

    @Override
    public long workspaceBytes() {
        return WORKSPACE;
    }

    @Override
    public Stream open(boolean tf32) {
        return new Stream() {
            @Override
            public void upload(Pointer from, long to, long bytes) {
                calls.incrementAndGet();
            }

            /** Zeros, but a summary says that its step may be applied. */
            @Override
            public void download(long from, Pointer to, long bytes) {
                calls.incrementAndGet();
                Pointer.memset(to, 0, bytes);
                if (bytes == SUMMARY_BYTES) {
                    new FloatPointer(to).put(Update.FINITE, 1);
                }
            }

            @Override
            public void launch(Launch launch) {
                calls.incrementAndGet();
            }

            @Override
            public void gemm(Gemm gemm, long a, long b, long c, long bias, long auxiliary, long workspace) {
                calls.incrementAndGet();
            }

            @Override
            public void batchedGemm(Gemm gemm, int count, long a, long b, long c, long workspace) {
                calls.incrementAndGet();
            }

            @Override
            public void await() {
                calls.incrementAndGet();
            }

            @Override
            public void close() {
                // Nothing was opened.
            }
        };
    }

    @Override
    public void close() {
        // Nothing was opened.
    }
}
