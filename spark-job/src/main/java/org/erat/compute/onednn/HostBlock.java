package org.erat.compute.onednn;

import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.function.Supplier;
import javax.annotation.Nullable;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Allocator;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.HostBuffers;
import org.erat.compute.memory.HostBytes;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/**
 * A piece of off-heap memory: its address for native calls and, for loops in Java, buffers over it. A block over values of
 * the caller is never freed.
 */
final class HostBlock extends Block {
    /** oneDNN's vectors, and cache lines, are 64 bytes wide. */
    static final int ALIGNMENT = 64;

    /** The host's memory. */
    static final Allocator ALLOCATOR = new Allocator() {
        @Override
        public long roundUp(long bytes) {
            return HostBlock.roundUp(bytes);
        }

        @Override
        public Block allocate(long bytes, Supplier<String> holder) {
            return HostBlock.allocate(bytes, HostBytes.TASKS);
        }

        @Override
        public Block part(Block block, long offset, long bytes) {
            return new HostBlock(null, HostBytes.TASKS, block.address() + offset, bytes, null);
        }

        @Override
        public void free(Block block) {
            ((HostBlock) block).free();
        }
    };

    @Nullable
    private final Pointer allocation;

    private final HostBytes use;

    @Nullable
    private FloatBuffer floats;

    @Nullable
    private ShortBuffer shorts;

    private HostBlock(
            @Nullable Pointer allocation, HostBytes use, long address, long bytes, @Nullable FloatBuffer floats) {
        super(address, bytes);
        this.allocation = allocation;
        this.use = use;
        this.floats = floats;
    }

    /** At least {@code bytes} of undefined content, aligned, beside the tensors of tasks. */
    static HostBlock allocate(long bytes) {
        return allocate(bytes, HostBytes.WEIGHTS);
    }

    private static HostBlock allocate(long bytes, HostBytes use) {
        long rounded = roundUp(bytes);
        // Not a managed pointer: this memory is accounted for by its owner, and JavaCPP's deallocators would wait for
        // the garbage collector, which sees nothing of it.
        Pointer allocation = Pointer.malloc(rounded + ALIGNMENT);
        if (allocation == null || allocation.isNull()) {
            throw new OutOfMemoryError("cannot allocate " + rounded + " bytes outside the heap");
        }
        use.add(rounded);
        return new HostBlock(allocation, use, roundUp(allocation.address()), rounded, null);
    }

    /** The values themselves, which lie outside the heap in native order. */
    static HostBlock over(FloatBuffer values) {
        FloatBuffer slice = values.slice();
        return new HostBlock(
                null, HostBytes.WEIGHTS, HostBuffers.address(slice), (long) Float.BYTES * slice.remaining(), slice);
    }

    /** The values themselves where they lie outside the heap in native order, else a copy of them. */
    static HostBlock of(FloatBuffer values) {
        if (HostBuffers.areNativeFloats(values)) {
            return over(values);
        }
        HostBlock copy = allocate((long) Float.BYTES * values.remaining());
        copy.floats().put(0, values, values.position(), values.remaining());
        return copy;
    }

    static long roundUp(long bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /** A tensor in the memory of the host. */
    static StridedTensor tensor(Tensor tensor) {
        return StridedTensor.of(tensor, HostBlock.class);
    }

    /** The block of a tensor in the memory of the host. */
    static HostBlock of(StridedTensor tensor) {
        return (HostBlock) tensor.block();
    }

    /** The content as floats; its position and limit are not to be moved. */
    FloatBuffer floats() {
        if (floats == null) {
            Address start = new Address().at(address());
            start.capacity(Math.min(bytes() / Float.BYTES, Integer.MAX_VALUE / Float.BYTES));
            floats = start.asBuffer();
        }
        return floats;
    }

    /** The content as bf16; its position and limit are not to be moved. */
    ShortBuffer shorts() {
        if (shorts == null) {
            ShortPointer start = new ShortPointer(new Address().at(address()));
            start.capacity(Math.min(bytes() / Short.BYTES, Integer.MAX_VALUE / Float.BYTES));
            shorts = start.asBuffer();
        }
        return shorts;
    }

    /** Copies a row of a tensor to the start of {@code into}, as f32. */
    static void getRow(StridedTensor tensor, long row, float[] into) {
        int first = index(tensor, row);
        int columns = (int) tensor.columns();
        if (tensor.dtype() == Dtype.F32) {
            of(tensor).floats().get(first, into, 0, columns);
            return;
        }
        ShortBuffer values = of(tensor).shorts();
        for (int i = 0; i < columns; i++) {
            into[i] = BFloat16.toFloat(values.get(first + i));
        }
    }

    /** Sets a row of a tensor to the start of {@code from}, rounded to the tensor's dtype. */
    static void putRow(StridedTensor tensor, long row, float[] from) {
        int first = index(tensor, row);
        int columns = (int) tensor.columns();
        if (tensor.dtype() == Dtype.F32) {
            of(tensor).floats().put(first, from, 0, columns);
            return;
        }
        ShortBuffer values = of(tensor).shorts();
        for (int i = 0; i < columns; i++) {
            values.put(first + i, BFloat16.of(from[i]));
        }
    }

    /** Index, within the block, of the first element of a row. */
    static int index(StridedTensor tensor, long row) {
        return Math.toIntExact(tensor.offset() + row * tensor.stride());
    }

    void free() {
        if (allocation != null) {
            Pointer.free(allocation);
            use.add(-bytes());
        }
    }
}
