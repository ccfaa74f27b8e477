/**
 * The reference implementation of {@link org.erat.compute.Kernels} over ND4J arrays, a family of primitives to a file: clear
 * before fast. ND4J is known to this package alone. May use {@code compute} and its {@code device}.
 */
package org.erat.compute.nd4j;
