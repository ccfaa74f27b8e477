package org.erat.compute;

import java.nio.Buffer;
import javax.annotation.Nullable;

/**
 * Host values as a tensor in {@link Memory#single}: the values themselves where the kernels compute in host memory, else a
 * copy. Closing it copies what was written back.
 */
public final class HostTensor implements AutoCloseable {
    private final Memory memory;
    private final Tensor tensor;

    /** Where a copy goes back to; null where there is nothing to copy. */
    @Nullable
    private final Buffer written;

    private HostTensor(Memory memory, Tensor tensor, @Nullable Buffer written) {
        this.memory = memory;
        this.tensor = tensor;
        this.written = written;
    }

    /** Values that are only read. */
    public static HostTensor read(Memory memory, Buffer values, long... shape) {
        Tensor shared = memory.share(values, memory.single(), shape);
        return new HostTensor(memory, shared == null ? memory.uploadSingle(values, shape) : shared, null);
    }

    /** Values that are read and written. */
    public static HostTensor write(Memory memory, Buffer values, long... shape) {
        Tensor shared = memory.share(values, memory.single(), shape);
        return shared == null
                ? new HostTensor(memory, memory.uploadSingle(values, shape), values)
                : new HostTensor(memory, shared, null);
    }

    public Tensor tensor() {
        return tensor;
    }

    @Override
    public void close() {
        if (written != null) {
            memory.download(tensor, written);
        }
        tensor.close();
    }
}
