/** The reference implementation of {@link org.erat.compute.Kernels} over ND4J arrays: clear before fast. */
package org.erat.compute.nd4j;
