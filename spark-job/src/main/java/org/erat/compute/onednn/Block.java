package org.erat.compute.onednn;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * A piece of off-heap memory: its address for native calls and, for loops in Java, a buffer over it. Freed by whoever
 * allocated it, or never where it lies over a buffer of somebody else.
 */
final class Block {
    /** oneDNN's vectors, and cache lines, are 64 bytes wide. */
    static final int ALIGNMENT = 64;

    private final Pointer allocation;
    private final long address;
    private final long bytes;
    private FloatBuffer floats;
    private ShortBuffer shorts;

    private Block(Pointer allocation, long address, long bytes, FloatBuffer floats) {
        this.allocation = allocation;
        this.address = address;
        this.bytes = bytes;
        this.floats = floats;
    }

    /** At least {@code bytes} of undefined content, aligned. */
    static Block allocate(long bytes) {
        long rounded = roundUp(bytes);
        // Not a managed pointer: this memory is accounted for by its owner, and JavaCPP's deallocators would wait for
        // the garbage collector, which sees nothing of it.
        Pointer allocation = Pointer.malloc(rounded + ALIGNMENT);
        if (allocation == null || allocation.isNull()) {
            throw new OutOfMemoryError("cannot allocate " + rounded + " bytes outside the heap");
        }
        return new Block(allocation, roundUp(allocation.address()), rounded, null);
    }

    /** The values themselves where they lie outside the heap in native order, else a copy of them. */
    static Block of(FloatBuffer values) {
        FloatBuffer slice = values.slice();
        if (slice.isDirect() && slice.order() == ByteOrder.nativeOrder()) {
            return new Block(null, new Pointer(slice).address(), 4L * slice.remaining(), slice);
        }
        Block copy = allocate(4L * slice.remaining());
        copy.floats().put(0, slice, 0, slice.remaining());
        return copy;
    }

    static long roundUp(long bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    long address() {
        return address;
    }

    long bytes() {
        return bytes;
    }

    /** The content; its position and limit are not to be moved. */
    FloatBuffer floats() {
        if (floats == null) {
            Address start = new Address().at(address);
            start.capacity(Math.min(bytes / 4, Integer.MAX_VALUE / 4));
            floats = start.asBuffer();
        }
        return floats;
    }

    /** The content as bf16; its position and limit are not to be moved. */
    ShortBuffer shorts() {
        if (shorts == null) {
            ShortPointer start = new ShortPointer(new Address().at(address));
            start.capacity(Math.min(bytes / 2, Integer.MAX_VALUE / 4));
            shorts = start.asBuffer();
        }
        return shorts;
    }

    void free() {
        if (allocation != null) {
            Pointer.free(allocation);
        }
    }
}
