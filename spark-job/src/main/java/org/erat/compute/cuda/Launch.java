package org.erat.compute.cuda;

import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.erat.compute.memory.StridedTensor;

/**
 * One run of a kernel: its name, how many threads, and its arguments in native memory, as cuLaunchKernel takes them. Used
 * again for the next one. Confined to one thread at a time.
 */
final class Launch implements AutoCloseable {
    private static final int SLOTS = 16;
    private static final int WARP = 32;

    /** Threads of a block: for elements, and for rows, of which each has a warp. */
    private static final int THREADS_FOR_CELLS = 256;

    private static final int THREADS_FOR_ROWS = 128;

    private final LongPointer values = new LongPointer(SLOTS);
    private final PointerPointer<Pointer> parameters = new PointerPointer<>(SLOTS);
    private String kernel;
    private String shape;
    private int count;
    private int blocks;
    private int threads;

    Launch() {
        for (int i = 0; i < SLOTS; i++) {
            parameters.put(i, values.getPointer(i));
        }
    }

    /** A kernel with a thread for each {@code width} neighbouring elements of [rows, columns]. */
    Launch ofCells(String name, long rows, long columns, int width) {
        return of(name, rows, columns, blocks(rows * (columns / width), THREADS_FOR_CELLS), THREADS_FOR_CELLS);
    }

    /** A kernel with a warp for each row of [rows, columns]. */
    Launch ofRows(String name, long rows, long columns) {
        return of(name, rows, columns, blocks(rows, THREADS_FOR_ROWS / WARP), THREADS_FOR_ROWS);
    }

    /** A kernel that says itself what its blocks do, on a tensor of [rows, columns]. */
    Launch ofBlocks(String name, long rows, long columns, int newBlocks, int newThreads) {
        return of(name, rows, columns, newBlocks, newThreads);
    }

    private Launch of(String name, long rows, long columns, int newBlocks, int newThreads) {
        kernel = name;
        shape = "[" + rows + ", " + columns + "]";
        count = 0;
        blocks = newBlocks;
        threads = newThreads;
        return this;
    }

    private static int blocks(long work, int each) {
        return Math.toIntExact((work + each - 1) / each);
    }

    /** An address or a 64 bit number. */
    Launch with(long value) {
        values.put(count++, value);
        return this;
    }

    /** An address and the distance between rows. */
    Launch with(StridedTensor tensor) {
        return with(tensor.address()).with(tensor.stride());
    }

    Launch withInt(int value) {
        // The lower half comes first on every processor that CUDA runs beside.
        values.put(count++, value & 0xFFFFFFFFL);
        return this;
    }

    Launch withFloat(float value) {
        return withInt(Float.floatToRawIntBits(value));
    }

    String kernel() {
        return kernel;
    }

    int blocks() {
        return blocks;
    }

    int threads() {
        return threads;
    }

    /** An array of pointers to the arguments. */
    PointerPointer<Pointer> parameters() {
        return parameters;
    }

    /** For messages. */
    @Override
    public String toString() {
        return kernel + " on " + shape + " (" + blocks + " blocks of " + threads + " threads)";
    }

    @Override
    public void close() {
        parameters.close();
        values.close();
    }
}
