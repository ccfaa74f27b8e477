/**
 * The primitives on NVIDIA GPUs: products by cuBLASLt and cuBLAS, everything else by the kernels of {@code
 * src/main/resources/org/erat/compute/cuda}, which NVRTC compiles for the device that is found. The classes {@code Cuda*},
 * one for each family of primitives, decide what runs; {@link org.erat.compute.cuda.Driver} is all that they know of a
 * device, so that tests run the same kernels on a processor; {@code Nvidia*} is the real one. Nothing of CUDA is loaded
 * before {@link org.erat.compute.cuda.CudaBackend#on} is called. May use {@code compute} and its {@code memory}.
 */
package org.erat.compute.cuda;
