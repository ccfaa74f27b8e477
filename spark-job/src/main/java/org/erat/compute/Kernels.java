package org.erat.compute;

/**
 * The primitives of a transformer's forward and backward pass, by family. The model is written once over them.
 *
 * <p>Letters: B examples, T tokens of the longest example, N = B·T rows, H width, I/O input and output width of a linear
 * map, A heads, K key/value heads, D width of a head, R rank. Row b·T+t of an [N,·] tensor is token t of example b.
 * Results are fresh tensors that the caller closes, unless a parameter is named as the place of the result. Results do not
 * depend on what memory held before, and are bit-identical for identical arguments and thread count.
 *
 * <p>Activations and their gradients have one dtype, that of the backend's {@link org.erat.config.Precision}. Sums within a
 * primitive are formed in f32 or better, and so are the statistics of a norm, a softmax and what pooling gives.
 *
 * <p>Confined to one thread at a time. Implementations check shapes and throw {@link IllegalArgumentException}.
 *
 * @param memory tensors and copies to and from the host
 * @param matrices products
 * @param norms normalization of rows
 * @param attention scaled dot-product attention
 * @param tokens rows of tokens: embeddings, gathering, pooling
 * @param pointwise one element at a time
 * @param losses losses and their gradients
 * @param update gradient norm and optimizer step
 */
public record Kernels(
        Memory memory,
        Matrices matrices,
        Norms norms,
        Attention attention,
        Tokens tokens,
        Pointwise pointwise,
        Losses losses,
        Update update)
        implements AutoCloseable {
    /** Frees all memory and primitives of these kernels; they cannot be used afterwards. */
    @Override
    public void close() {
        memory.close();
    }
}
