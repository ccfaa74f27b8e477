package org.erat.compute.cuda;

import java.util.Arrays;
import javax.annotation.Nullable;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;
import org.erat.compute.memory.TaskMemory;
import org.erat.config.Precision;
import org.erat.data.safetensors.Dtype;

/**
 * What one task owns on a device: its stream, its memory, and the arguments of the kernel that it starts next. Confined
 * to one thread at a time.
 */
final class Execution {
    private final long workspaceBytes;
    private final TaskMemory memory;
    private final Stream stream;
    private final Staging staging;
    private final Dtype activations;
    private final Launch launch = new Launch();

    @Nullable
    private Block workspace;

    private final Uploaded lengths = new Uploaded();
    private final Uploaded positions = new Uploaded();
    private final Uploaded firstKeys = new Uploaded();
    private final Uploaded endsOfKeys = new Uploaded();

    /** Integers as last uploaded: a pass asks for the same ones in every block. */
    private final class Uploaded {
        private int[] values = {};

        @Nullable
        private Block onDevice;

        long address(int... asked) {
            if (onDevice == null || !Arrays.equals(values, asked)) {
                release();
                onDevice = upload(asked);
                values = asked.clone();
            }
            return onDevice.address();
        }

        void release() {
            if (onDevice != null) {
                memory.giveBack(onDevice);
                onDevice = null;
            }
        }
    }

    Execution(DeviceMemory device, Precision precision) {
        this.memory = new TaskMemory(device.idle());
        this.stream = device.driver().open(precision == Precision.TF32);
        this.workspaceBytes = device.driver().workspaceBytes();
        this.staging = new Staging(stream);
        this.activations = dtype(precision);
    }

    /** Dtype of activations and frozen matrices at a precision: TF32 is how f32 operands are multiplied. */
    static Dtype dtype(Precision precision) {
        return precision == Precision.BF16 ? Dtype.BF16 : Dtype.F32;
    }

    Stream stream() {
        return stream;
    }

    /** Copies between this device and the host. */
    Staging staging() {
        return staging;
    }

    /** Dtype of activations and of their gradients. */
    Dtype activations() {
        return activations;
    }

    // ---- memory

    TaskMemory memory() {
        return memory;
    }

    /** A dense tensor of undefined content in the dtype of activations. */
    StridedTensor allocate(long... shape) {
        return memory.allocate(activations, shape);
    }

    /** A dense tensor of undefined content. */
    StridedTensor allocate(Dtype dtype, long... shape) {
        return memory.allocate(dtype, shape);
    }

    /** Integers on the device, until they are given back to the memory. */
    Block upload(int... values) {
        Block block = memory.take((long) Integer.BYTES * values.length);
        staging.upload(values, block.address());
        return block;
    }

    /** The address of the lengths of the examples of a batch. */
    long lengths(int... ofExamples) {
        return lengths.address(ofExamples);
    }

    /** The address of the positions of the tokens of a batch. */
    long positions(int... ofTokens) {
        return positions.address(ofTokens);
    }

    /** The address of the first key that each token of a batch sees. */
    long firstKeys(int... ofTokens) {
        return firstKeys.address(ofTokens);
    }

    /** The address of the ends of the keys that each token of a batch sees. */
    long endsOfKeys(int... ofTokens) {
        return endsOfKeys.address(ofTokens);
    }

    /** The address of the scratch memory of a product; 0 where none is wanted. */
    long workspace() {
        if (workspaceBytes == 0) {
            return 0;
        }
        if (workspace == null) {
            workspace = memory.take(workspaceBytes);
        }
        return workspace.address();
    }

    // ---- dtypes

    /**
     * {@code tensor} itself where it has this dtype, else a dense copy in it. To be given to {@link #release} after use.
     */
    StridedTensor in(Dtype dtype, StridedTensor tensor) {
        return tensor.dtype() == dtype ? tensor : copy(tensor, dtype);
    }

    /** Closes what {@link #in} made of {@code original}, if anything. */
    static void release(StridedTensor original, StridedTensor used) {
        if (used != original) {
            used.close();
        }
    }

    /** A dense copy. */
    StridedTensor copy(StridedTensor x, Dtype dtype) {
        StridedTensor y = allocate(dtype, x.rows(), x.columns());
        copy(x, y);
        return y;
    }

    /** Copies and converts. */
    void copy(StridedTensor x, StridedTensor y) {
        pairwise("copy", x, y);
    }

    /** Runs a kernel that takes elements of x and y of the same place. */
    void pairwise(String kernel, StridedTensor x, StridedTensor y) {
        Cells cells = cells(x, y);
        run(cells.kernel(kernel, x.dtype(), y.dtype())
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
    Cells cells(StridedTensor... tensors) {
        long elements = tensors[0].size();
        boolean dense = true;
        boolean aligned = elements % 4 == 0;
        for (StridedTensor tensor : tensors) {
            dense &= tensor.isDense();
            aligned &= isAligned(tensor);
        }
        return dense ? new Cells(1, elements, aligned ? 4 : 1) : cellsOfRows(tensors);
    }

    /** The elements of matrices of which each row is treated apart. */
    Cells cellsOfRows(StridedTensor... tensors) {
        return new Cells(tensors[0].rows(), tensors[0].columns(), width(tensors));
    }

    /** How many elements a thread takes at once: 4 where every address and distance is a multiple of it. */
    static int width(StridedTensor... tensors) {
        for (StridedTensor tensor : tensors) {
            if (!isAligned(tensor) || tensor.columns() % 4 != 0 || tensor.stride() % 4 != 0) {
                return 1;
            }
        }
        return 4;
    }

    private static boolean isAligned(StridedTensor tensor) {
        return tensor.address() % (4L * tensor.dtype().bytes()) == 0;
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

        Launch kernel(String name, Dtype... dtypes) {
            return launch.ofCells(Execution.name(name, width, dtypes), rows, columns, width);
        }
    }

    /** The instance of a kernel: {@code copy_f32_bf16_4}. */
    static String name(String kernel, int width, Dtype... dtypes) {
        StringBuilder name = new StringBuilder(kernel);
        for (Dtype dtype : dtypes) {
            name.append(dtype == Dtype.BF16 ? "_bf16" : "_f32");
        }
        return name.append('_').append(width).toString();
    }

    // ---- life

    /** Returns all memory to the idle pools until this is used again. */
    void release() {
        memory.requireNothingOutstanding();
        if (memory.hasPool()) {
            // The task that takes the pool next has a stream of its own.
            stream.await();
            if (workspace != null) {
                memory.giveBack(workspace);
                workspace = null;
            }
            lengths.release();
            positions.release();
            firstKeys.release();
            endsOfKeys.release();
            memory.releasePool();
        }
    }

    void close() {
        if (!memory.isClosed()) {
            // Work that uses the memory ends first.
            stream.close();
            memory.close();
            launch.close();
        }
    }
}
