package org.erat.compute.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.erat.config.Precision;

/**
 * A device that is this processor. Fresh memory holds NaN in either dtype, ends in a mark that no kernel may overwrite,
 * and is of a limited amount.
 */
final class EmulatedDriver implements Driver {
    private static final int ALIGNMENT = 256;
    private static final byte MARK = 0x5A;
    private static final byte POISON = (byte) 0xFF;

    private final Emulator emulator = Emulator.get();
    private final Map<Long, Memory> memory = new ConcurrentHashMap<>();
    private final long capacity;
    private final List<String> launched = new ArrayList<>();
    private long used;
    private int allocations;
    private int downloads;
    private boolean backwards;
    private long workspaceBytes;
    private boolean onlyF32;

    /** Bytes from {@code start} on, within {@code whole}. */
    private record Memory(Pointer whole, long start, long bytes) {
        BytePointer mark() {
            return new At(start + bytes);
        }
    }

    /** A pointer to an address. */
    private static final class At extends BytePointer {
        At(long to) {
            super((Pointer) null);
            address = to;
        }
    }

    EmulatedDriver() {
        this(Long.MAX_VALUE);
    }

    /** @param capacity bytes of the device */
    EmulatedDriver(long capacity) {
        this.capacity = capacity;
    }

    /** Runs the threads of kernels from the last to the first, as a device may. */
    EmulatedDriver backwards() {
        backwards = true;
        return this;
    }

    EmulatedDriver withWorkspace(long bytes) {
        workspaceBytes = bytes;
        return this;
    }

    EmulatedDriver withF32Only() {
        onlyF32 = true;
        return this;
    }

    long used() {
        return used;
    }

    /** The kernels that ran, in their order. */
    List<String> launched() {
        return launched;
    }

    int allocations() {
        return allocations;
    }

    /** Copies to the host, for each of which a task waits. */
    int downloads() {
        return downloads;
    }

    @Override
    public String device() {
        return "cuda:0 (emulated)";
    }

    @Override
    public boolean multiplies(Precision precision) {
        return precision == Precision.F32 || !onlyF32;
    }

    @Override
    public synchronized long allocate(long bytes) {
        if (used + bytes > capacity) {
            return 0;
        }
        Pointer whole = Pointer.malloc(bytes + 2 * ALIGNMENT);
        long start = (whole.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        Memory taken = new Memory(whole, start, bytes);
        Pointer.memset(new At(start), POISON, bytes);
        Pointer.memset(taken.mark(), MARK, ALIGNMENT);
        memory.put(start, taken);
        used += bytes;
        allocations++;
        return start;
    }

    @Override
    public synchronized void free(long address) {
        Memory given = memory.remove(address);
        if (given == null) {
            throw new AssertionError("freed twice or never allocated: " + address);
        }
        check(given);
        used -= given.bytes();
        Pointer.free(given.whole());
    }

    private static void check(Memory block) {
        byte[] mark = new byte[ALIGNMENT];
        block.mark().get(mark);
        for (byte b : mark) {
            if (b != MARK) {
                throw new AssertionError("something wrote beyond the end of " + block.bytes() + " bytes");
            }
        }
    }

    /** Throws where something was written beyond the end of a block. */
    synchronized void checkMarks() {
        memory.values().forEach(EmulatedDriver::check);
    }

    @Override
    public String room() {
        return (capacity - used) / (1 << 20) + " of " + capacity / (1 << 20) + " MiB are free";
    }

    @Override
    public long workspaceBytes() {
        return workspaceBytes;
    }

    @Override
    public Stream open(boolean tf32) {
        return new AtOnce(tf32);
    }

    @Override
    public void close() {
        new HashMap<>(memory).keySet().forEach(this::free);
    }

    private final class AtOnce implements Stream {
        private final boolean tf32;

        AtOnce(boolean tf32) {
            this.tf32 = tf32;
        }

        @Override
        public void upload(Pointer from, long to, long bytes) {
            Pointer.memcpy(new At(to), from, bytes);
        }

        @Override
        public void download(long from, Pointer to, long bytes) {
            Pointer.memcpy(to, new At(from), bytes);
            downloads++;
        }

        @Override
        public void launch(Launch launch) {
            emulator.run(launch, backwards);
            launched.add(launch.kernel());
        }

        @Override
        public void gemm(Gemm gemm, long a, long b, long c, long bias, long auxiliary, long workspace) {
            emulator.run(gemm, tf32, a, b, c, bias, auxiliary);
        }

        @Override
        public void batchedGemm(Gemm gemm, int count, long a, long b, long c, long workspace) {
            LongPointer as = new LongPointer(new At(a));
            LongPointer bs = new LongPointer(new At(b));
            LongPointer cs = new LongPointer(new At(c));
            for (int i = 0; i < count; i++) {
                emulator.run(gemm, tf32, as.get(i), bs.get(i), cs.get(i), 0, 0);
            }
        }

        @Override
        public void await() {}

        @Override
        public void close() {}
    }
}
