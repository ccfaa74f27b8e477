package org.erat.compute.cuda;

/**
 * Compiled kernels.
 *
 * @param target what they were compiled for: {@code sm_90}, or {@code compute_120} for the driver to translate
 * @param image as cuModuleLoadData takes it
 */
record KernelCode(String target, byte[] image) {}
