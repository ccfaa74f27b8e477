package org.erat.compute;

import java.nio.Buffer;
import javax.annotation.Nullable;
import org.erat.data.safetensors.Dtype;

/** Tensors where the kernels compute, and copies between them and the host. */
public interface Memory extends AutoCloseable {
    /** Whether tensors are in a device's memory, so that copies to and from the host wait for it. */
    boolean onDevice();

    /** Dtype of activations and their gradients: F32 or BF16; F64 where the implementation serves numerical checks. */
    Dtype activations();

    /** Dtype of statistics, adapters, their gradients and the head: F32, or F64 in numerical checks. */
    Dtype single();

    /** An uninitialized tensor in the dtype of activations. */
    Tensor allocate(long... shape);

    /** An uninitialized tensor in the dtype {@link #single}. */
    Tensor allocateSingle(long... shape);

    /**
     * A copy of host values in the dtype of activations.
     *
     * @param values a {@link java.nio.FloatBuffer} or {@link java.nio.DoubleBuffer}, from its position to its limit
     */
    Tensor upload(Buffer values, long... shape);

    /** The same in the dtype {@link #single}. */
    Tensor uploadSingle(Buffer values, long... shape);

    /**
     * A tensor over the host values themselves, without a copy, where the kernels compute in host memory, {@code values}
     * lies outside the Java heap and has the dtype {@code dtype}. Writes to the tensor are writes to the values. The values
     * must outlive the tensor; closing it frees nothing.
     *
     * @param dtype {@link #single} or {@link #activations}
     * @return null where a copy is needed
     */
    @Nullable
    Tensor share(Buffer values, Dtype dtype, long... shape);

    /**
     * Copies a tensor of any strides and dtype to host values, row by row.
     *
     * @param into a {@link java.nio.FloatBuffer} or {@link java.nio.DoubleBuffer} with as many values from its position to
     *     its limit as the tensor has elements; position and limit stay
     */
    void download(Tensor tensor, Buffer into);

    /** Number of tensors allocated here that are not closed yet: for tests and leak checks. */
    long outstanding();

    /**
     * Returns the scratch memory of these kernels to the pool of their backend, until they are used again.
     *
     * @throws IllegalStateException if a tensor is not closed yet
     */
    void release();

    @Override
    void close();
}
