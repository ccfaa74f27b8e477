package org.erat.compute;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.Stream;

/**
 * One implementation of the primitives on one kind of device. A backend is shared by the tasks of a JVM and holds what
 * they share: frozen weights in the layout its products want. Thread-safe.
 */
public interface Backend {
    /** Name for logs: {@code onednn}, {@code cuda} or {@code nd4j}. */
    String name();

    /**
     * A frozen tensor (embedding table, weight of a norm) over {@code values}, row-major. The buffer may be used in place
     * and must stay valid and unchanged. Closing the tensor frees its memory, as {@link FrozenLinear#close} does.
     */
    Tensor frozen(FloatBuffer values, long... shape);

    /**
     * {@link #frozenLinear(List, FloatBuffer[], int)} of values that are at hand; they may be used in place and must stay
     * valid and unchanged.
     */
    default FrozenLinear frozenLinear(FloatBuffer[] weights, FloatBuffer[] biases, int in) {
        return frozenLinear(Stream.of(weights).map(FrozenValues::of).toList(), biases, in);
    }

    /**
     * A frozen affine map. Several maps of the same input (query, key, value) are stacked into one by passing several
     * weights: the output is their outputs side by side.
     *
     * @param weights each [O_i, I], row-major; held until the map is closed
     * @param biases each [O_i]
     * @param in I
     */
    FrozenLinear frozenLinear(List<FrozenValues> weights, FloatBuffer[] biases, int in);

    /**
     * A frozen affine map whose weight is a frozen table [O,I], as a language model's output matrix is the table of its word
     * embeddings. Nothing of the table is copied where its dtype is that of activations, and otherwise it is converted once,
     * for both directions, at its first use.
     *
     * @param table of {@link #frozen}; it stays the caller's to close, after the map
     * @param bias [O]
     */
    FrozenLinear frozenLinear(Tensor table, FloatBuffer bias);

    /**
     * Kernels for one task: they own that task's scratch memory and are confined to one thread at a time.
     *
     * @param threads threads of one product
     */
    Kernels open(int threads);
}
