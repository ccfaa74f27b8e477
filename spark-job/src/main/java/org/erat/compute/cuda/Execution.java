package org.erat.compute.cuda;

import java.util.Arrays;
import javax.annotation.Nullable;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.erat.compute.Precision;

/**
 * What one task owns on a device: its stream, its memory, and the arguments of the kernel that it starts next. Confined
 * to one thread at a time.
 */
final class Execution {
    private final DeviceMemory memory;
    private final Stream stream;
    private final Format activations;
    private final Launch launch = new Launch();

    @Nullable
    private DevicePool pool;

    @Nullable
    private DevicePool.Block workspace;

    /** Lengths of the examples of a batch as last uploaded: a pass asks for the same ones in every block. */
    private int[] lengths = {};

    @Nullable
    private DevicePool.Block lengthsOnDevice;

    private long outstanding;
    private boolean closed;

    Execution(DeviceMemory memory, Precision precision) {
        this.memory = memory;
        this.stream = memory.driver().open(precision == Precision.TF32);
        this.activations = Format.of(precision);
    }

    Stream stream() {
        return stream;
    }

    /** The format of activations and of their gradients. */
    Format activations() {
        return activations;
    }

    // ---- memory

    /** The memory of this execution; that of others at rest where this has rested. */
    DevicePool pool() {
        if (closed) {
            throw new IllegalStateException("kernels are closed");
        }
        if (pool == null) {
            pool = memory.takePool();
        }
        return pool;
    }

    /** A dense tensor of undefined content in the format of activations. */
    CudaTensor allocate(long... shape) {
        return allocate(activations, shape);
    }

    /** A dense tensor of undefined content. */
    CudaTensor allocate(Format format, long... shape) {
        long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        DevicePool.Block block = pool().take(CudaTensor.bytes(format) * elements);
        outstanding++;
        return CudaTensor.over(block, format, this, shape);
    }

    /** Called by a tensor that is closed. */
    void giveBack(DevicePool.Block block) {
        if (!closed) {
            outstanding--;
            pool().giveBack(block);
        }
    }

    long outstanding() {
        return outstanding;
    }

    /** Numbers on the device, until they are given back to the pool. */
    DevicePool.Block upload(int... values) {
        try (IntPointer host = new IntPointer(values)) {
            return upload(host, (long) Integer.BYTES * values.length);
        }
    }

    /** Numbers on the device, until they are given back to the pool. */
    DevicePool.Block upload(float... values) {
        try (FloatPointer host = new FloatPointer(values)) {
            return upload(host, (long) Float.BYTES * values.length);
        }
    }

    private DevicePool.Block upload(Pointer host, long bytes) {
        DevicePool.Block block = pool().take(bytes);
        stream.upload(host, block.address(), bytes);
        return block;
    }

    /** The address of the lengths of the examples of a batch. */
    long lengths(int... ofExamples) {
        if (lengthsOnDevice == null || !Arrays.equals(lengths, ofExamples)) {
            if (lengthsOnDevice != null) {
                pool().giveBack(lengthsOnDevice);
            }
            lengthsOnDevice = upload(ofExamples);
            lengths = ofExamples.clone();
        }
        return lengthsOnDevice.address();
    }

    /** The address of the scratch memory of a product; 0 where none is wanted. */
    long workspace() {
        long bytes = memory.driver().workspaceBytes();
        if (bytes == 0) {
            return 0;
        }
        if (workspace == null) {
            workspace = pool().take(bytes);
        }
        return workspace.address();
    }

    // ---- formats

    /**
     * {@code tensor} itself where it has this format, else a dense copy in it. To be given to {@link #release} after use.
     */
    CudaTensor in(Format format, CudaTensor tensor) {
        return tensor.format() == format ? tensor : copy(tensor, format);
    }

    /** Closes what {@link #in} made of {@code original}, if anything. */
    static void release(CudaTensor original, CudaTensor used) {
        if (used != original) {
            used.close();
        }
    }

    /** A dense copy. */
    CudaTensor copy(CudaTensor x, Format format) {
        CudaTensor y = allocate(format, x.rowsCount(), x.columnsCount());
        copy(x, y);
        return y;
    }

    /** Copies and converts. */
    void copy(CudaTensor x, CudaTensor y) {
        pairwise("copy", x, y);
    }

    /** Runs a kernel that takes elements of x and y of the same place. */
    void pairwise(String kernel, CudaTensor x, CudaTensor y) {
        Cells cells = cells(x, y);
        run(cells.kernel(kernel, x.format(), y.format())
                .with(x)
                .with(y)
                .with(cells.rows())
                .with(cells.columns()));
    }

    // ---- kernels

    void run(Launch ready) {
        stream.launch(ready);
    }

    Launch launch() {
        return launch;
    }

    /** The elements of tensors of one shape, as one row where all are dense. */
    Cells cells(CudaTensor... tensors) {
        long rows = tensors[0].rowsCount();
        long columns = tensors[0].columnsCount();
        if (!Arrays.stream(tensors).allMatch(CudaTensor::isDense)) {
            return cellsOfRows(tensors);
        }
        boolean aligned = rows * columns % 4 == 0 && Arrays.stream(tensors).allMatch(Execution::isAligned);
        return new Cells(1, rows * columns, aligned ? 4 : 1);
    }

    /** The elements of matrices of which each row is treated apart. */
    Cells cellsOfRows(CudaTensor... tensors) {
        return new Cells(tensors[0].rowsCount(), tensors[0].columnsCount(), width(tensors));
    }

    /** How many elements a thread takes at once: 4 where every address and distance is a multiple of it. */
    static int width(CudaTensor... tensors) {
        for (CudaTensor tensor : tensors) {
            if (!isAligned(tensor) || tensor.columnsCount() % 4 != 0 || tensor.stride() % 4 != 0) {
                return 1;
            }
        }
        return 4;
    }

    private static boolean isAligned(CudaTensor tensor) {
        return tensor.address() % (4 * CudaTensor.bytes(tensor.format())) == 0;
    }

    /** [rows, columns] elements, {@code width} of them for each thread. */
    final class Cells {
        private final long rows;
        private final long columns;
        private final int width;

        private Cells(long rows, long columns, int width) {
            this.rows = rows;
            this.columns = columns;
            this.width = width;
        }

        long rows() {
            return rows;
        }

        long columns() {
            return columns;
        }

        Launch kernel(String name, Format... formats) {
            return launch.ofCells(Execution.name(name, width, formats), rows, columns, width);
        }
    }

    /** The instance of a kernel: {@code copy_f32_bf16_4}. */
    static String name(String kernel, int width, Format... formats) {
        StringBuilder name = new StringBuilder(kernel);
        for (Format format : formats) {
            name.append(format == Format.BF16 ? "_bf16" : "_f32");
        }
        return name.append('_').append(width).toString();
    }

    // ---- life

    /** Lends all memory to others until this is used again. */
    void rest() {
        if (outstanding != 0) {
            throw new IllegalStateException(outstanding + " tensors are not closed");
        }
        if (pool != null) {
            // Who takes the pool next has a stream of its own.
            stream.await();
            releaseScratch();
            memory.giveBack(pool);
            pool = null;
        }
    }

    private void releaseScratch() {
        if (workspace != null) {
            pool().giveBack(workspace);
            workspace = null;
        }
        if (lengthsOnDevice != null) {
            pool().giveBack(lengthsOnDevice);
            lengthsOnDevice = null;
        }
    }

    void close() {
        if (!closed) {
            closed = true;
            stream.close();
            if (pool != null) {
                pool.close();
            }
            launch.close();
        }
    }
}
