package org.erat.compute;

/**
 * A frozen affine map y = x·Wᵀ + b with W [O,I] and b [O], laid out by a {@link Backend} for its products in both
 * directions. Immutable; shared by all tasks of a JVM. It has no gradient by construction.
 */
public interface FrozenLinear extends AutoCloseable {
    /** I, the width of the input. */
    long in();

    /** O, the width of the output. */
    long out();

    /**
     * Frees the weights now; otherwise they are freed when the map is unreachable. Closing it again does nothing. The caller
     * guarantees that no task computes with it any more.
     */
    @Override
    void close();
}
