/**
 * The primitives of a transformer's forward and backward pass behind one interface, {@link
 * org.erat.compute.Kernels}, and the choice of its implementation, {@link org.erat.compute.Backends}. The
 * implementations live in {@code nd4j} (the reference: double precision for numerical checks, and any device that ND4J
 * has a backend for) and {@code onednn} (the fast one on a CPU). May use {@code org.erat.data}, ND4J's array type and the
 * native libraries' presets; knows nothing of models, adapters or Spark.
 */
package org.erat.compute;
