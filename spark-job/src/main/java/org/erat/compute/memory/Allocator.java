package org.erat.compute.memory;

import java.util.function.Supplier;

/** Where the memory of a {@link MemoryPool} comes from. Thread-safe. */
public interface Allocator {
    /** The size of a block that serves a request of {@code bytes}. */
    long roundUp(long bytes);

    /**
     * A block of undefined content.
     *
     * @param bytes a result of {@link #roundUp}
     * @param holder who asks for it and how much it holds already, for the message where there is no room
     */
    Block allocate(long bytes, Supplier<String> holder);

    /**
     * Some bytes of a block of {@link #allocate}, which are never freed by themselves.
     *
     * @param offset of the first of them, a sum of results of {@link #roundUp}, as {@code bytes} is
     */
    Block part(Block block, long offset, long bytes);

    /** Frees a block of {@link #allocate}. */
    void free(Block block);
}
