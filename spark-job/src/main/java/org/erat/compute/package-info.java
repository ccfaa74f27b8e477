/**
 * The primitives of a transformer's forward and backward pass, {@link org.erat.compute.Kernels} by family, and the choice of
 * their implementation, {@link org.erat.compute.Backends}. The implementations are {@code nd4j} (the reference: double
 * precision for numerical checks, and any device that ND4J has a backend for), {@code onednn} (the fast one on a CPU) and
 * {@code cuda} (NVIDIA GPUs); {@code memory} is what the last two share. {@code device} says what the current task computes
 * on, and is the only one that knows Spark. Values of the host are {@code java.nio} buffers: ND4J's types stay within {@code
 * nd4j}. May use {@code org.erat.data}, {@code org.erat.config} and the native libraries' presets; knows nothing of models
 * and adapters.
 */
package org.erat.compute;
