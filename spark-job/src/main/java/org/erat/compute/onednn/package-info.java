/**
 * {@link org.erat.compute.Kernels} over oneDNN: the fast implementation on a CPU. A file is one family of primitives;
 * {@link org.erat.compute.onednn.OneDnnBackend} is the way in. May use {@code compute} and
 * its {@code memory}, and keeps ND4J to one thread.
 */
package org.erat.compute.onednn;
