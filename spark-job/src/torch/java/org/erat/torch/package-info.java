/**
 * The transformer once more, in libtorch's operations and under its autograd: what tests compare with and the benchmark
 * measures against. It shares nothing with {@code compute} and {@code model}. Start at {@link org.erat.torch.TorchTransformer}.
 * Uses DJL, {@code config} and, for weights, names of tensors and mini-batches, data-prep.
 */
package org.erat.torch;
