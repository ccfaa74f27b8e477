package org.erat.compute.memory;

import java.lang.ref.Cleaner;

/**
 * Memory of frozen weights. It is freed once: when it is closed, or when nothing refers to this object any more. The caller
 * who closes it guarantees that no task computes with the weights. Thread-safe.
 */
public final class FrozenMemory implements StridedTensor.Owner {
    private static final Cleaner CLEANER = Cleaner.create();

    private final Cleaner.Cleanable cleanable;

    /** @param free frees the memory; it must not refer to this object or to what refers to it */
    public FrozenMemory(Runnable free) {
        cleanable = CLEANER.register(this, free);
    }

    /** Frees the memory unless that was done. */
    public void free() {
        cleanable.clean();
    }

    /** Called by a frozen tensor that is closed. */
    @Override
    public void release(Block block) {
        free();
    }
}
