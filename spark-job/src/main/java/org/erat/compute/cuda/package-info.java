/**
 * The primitives on NVIDIA GPUs: products by cuBLASLt and cuBLAS, everything else by the kernels of {@code
 * src/main/resources/org/erat/compute/cuda}, which NVRTC compiles for the device that is found. {@link
 * org.erat.compute.cuda.CudaKernels} and its parts decide what runs; {@link org.erat.compute.cuda.Driver} is all that they
 * know of a device, so that tests run the same kernels on a processor; {@code Nvidia*} is the real one. Nothing of CUDA
 * is loaded before {@link org.erat.compute.cuda.CudaBackend#on} is called. May use {@code compute} and its {@code device}.
 */
package org.erat.compute.cuda;
