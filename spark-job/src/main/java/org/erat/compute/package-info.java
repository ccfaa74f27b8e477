/**
 * The primitives of a transformer's forward and backward pass behind one interface, {@link
 * org.erat.compute.Kernels}, and the choice of its implementation, {@link org.erat.compute.Backends}. The
 * implementations live in {@code nd4j} (the reference: double precision for numerical checks, and any device that ND4J
 * has a backend for), {@code onednn} (the fast one on a CPU) and {@code cuda} (NVIDIA GPUs). {@code device} says what the current task computes on, and is all that
 * knows Spark. May use {@code org.erat.data}, ND4J's array type and the native libraries' presets; knows nothing of
 * models and adapters.
 */
package org.erat.compute;
