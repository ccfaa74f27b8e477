package org.erat.compute;

/**
 * A frozen affine map y = x·Wᵀ + b with W [O,I] and b [O], laid out by a {@link Backend} for its products in both
 * directions. Immutable; shared by all tasks of a JVM. It has no gradient by construction.
 */
public interface FrozenLinear {
    /** I, the width of the input. */
    long in();

    /** O, the width of the output. */
    long out();
}
