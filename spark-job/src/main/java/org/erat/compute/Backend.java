package org.erat.compute;

import java.nio.FloatBuffer;

/**
 * One implementation of the primitives on one kind of device. A backend is shared by the tasks of a JVM and holds what
 * they share: frozen weights in the layout its products want. Thread-safe.
 */
public interface Backend {
    /** Name for logs: {@code onednn} or {@code nd4j}. */
    String name();

    /**
     * A frozen tensor (embedding table, layer norm gain) over {@code values}, row-major. The buffer may be used in place
     * and must stay valid and unchanged.
     */
    Tensor frozen(FloatBuffer values, long... shape);

    /**
     * A frozen affine map. Several maps of the same input (query, key, value) are stacked into one by passing several
     * weights: the output is their outputs side by side.
     *
     * @param weights each [O_i, I], row-major
     * @param biases each [O_i]
     * @param in I
     */
    FrozenLinear frozenLinear(FloatBuffer[] weights, FloatBuffer[] biases, int in);

    /**
     * Kernels for one task: they own that task's scratch memory and are confined to one thread at a time.
     *
     * @param threads threads of one product
     */
    Kernels open(int threads);
}
