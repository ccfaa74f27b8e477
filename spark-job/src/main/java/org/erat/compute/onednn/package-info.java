/**
 * {@link org.erat.compute.Kernels} over oneDNN: the fast implementation on a CPU. A file is one family of primitives;
 * {@link org.erat.compute.onednn.OneDnnBackend} is the way in.
 */
package org.erat.compute.onednn;
