package org.erat.compute;

import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The primitives of a transformer's forward and backward pass. The model is written once over this interface.
 *
 * <p>Letters: B examples, T tokens of the longest example, N = B·T rows, H width, I/O input and output width of a linear
 * map, A heads, D = H/A, R rank. Row b·T+t of an [N,·] tensor is token t of example b. Results are fresh tensors that
 * the caller closes, unless a parameter is named as the place of the result. Results do not depend on what memory held
 * before, and are bit-identical for identical arguments and thread count.
 *
 * <p>Activations and their gradients are of one format, the {@link Precision} of the backend. Sums within a primitive are
 * taken in f32 or better, and so are the statistics of a normalisation, a softmax and what pooling gives.
 *
 * <p>Confined to one thread at a time. Implementations check shapes and throw {@link IllegalArgumentException}.
 */
public interface Kernels extends AutoCloseable {
    /** Type of the elements: FLOAT, or DOUBLE where the implementation serves numerical checks. */
    DataType dataType();

    /** Whether tensors are in memory of a device, so that copies to and from ND4J's arrays wait for it. */
    boolean onDevice();

    // ---- memory

    /** An uninitialised tensor in the format of activations. */
    Tensor allocate(long... shape);

    /**
     * An uninitialised tensor in f32 or better, whatever the format of activations: for statistics and for gradients of
     * adapters.
     */
    Tensor allocateSingle(long... shape);

    /** A copy of host values of any strides, in the format of activations. */
    Tensor upload(INDArray values);

    /** A copy of host values of any strides, in f32 or better. */
    Tensor uploadSingle(INDArray values);

    /** Copies {@code tensor} to {@code into}, of the same number of elements and any strides. */
    void download(Tensor tensor, INDArray into);

    /** Sets every element to {@code value}. */
    void fill(Tensor tensor, double value);

    // ---- linear maps

    /** y[N,O] = x[N,I]·Wᵀ + b. */
    Tensor linear(Tensor x, FrozenLinear w);

    /** dx[N,I] = dy[N,O]·W; the weight is frozen, so there is no other gradient. */
    Tensor linearBackward(Tensor dy, FrozenLinear w);

    /**
     * c = alpha·op(a)·op(b) + beta·c, op being the transpose where asked for. Operands may be row or column views. With
     * beta = 0 the previous content of c is not read.
     */
    void product(Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c);

    /** A dense copy of a matrix, which may be a view. */
    Tensor copy(Tensor x);

    /** into = x, element by element, same shape, converted to the format of {@code into}; both may be views. */
    void assign(Tensor x, Tensor into);

    /** into += x, element by element, same shape; both may be views. */
    void add(Tensor x, Tensor into);

    // ---- embeddings

    /**
     * Sum of the word, position and (where {@code types} is not null) token type embeddings, [N,H]. Never differentiated:
     * nothing below the lowest adapter is.
     *
     * @param tokenIds [B,T] row-major, padded
     * @param typeIds [B,T] row-major
     * @param positions row of the position table for each entry, [B,T]
     */
    Tensor embeddings(Tensor words, Tensor positionTable, Tensor types, int[] tokenIds, int[] typeIds, int[] positions);

    // ---- layer normalisation

    /** What a forward pass keeps for {@link #layerNormBackward}: input [N,H], mean [N] and 1/σ [N]. Owns nothing. */
    record LayerNormState(Tensor input, Tensor mean, Tensor inverseDeviation) {}

    /**
     * y = (x−μ)/σ · gain + bias over each row of x [N,H], σ² = variance + epsilon.
     *
     * @param mean [N] of {@link #allocateSingle}, receives μ
     * @param inverseDeviation [N] of {@link #allocateSingle}, receives 1/σ
     */
    Tensor layerNorm(Tensor x, Tensor gain, Tensor bias, double epsilon, Tensor mean, Tensor inverseDeviation);

    /** dx [N,H] of {@link #layerNorm}; gain and bias are frozen. */
    Tensor layerNormBackward(Tensor dy, Tensor gain, Tensor bias, double epsilon, LayerNormState saved);

    // ---- activation

    /** y = f(x), x [N,F]. */
    Tensor activation(Activation f, Tensor x);

    /** dx = dy · f′(x). */
    Tensor activationBackward(Activation f, Tensor dy, Tensor x);

    // ---- linear maps and activations at once

    /** What {@link #linearActivation} gives: {@code inner} [N,O] before the activation and {@code y} [N,O] after it. */
    record Activated(Tensor inner, Tensor y) {}

    /** y = f(inner) with inner[N,O] = x[N,I]·Wᵀ + b: {@link #linear} and {@link #activation}. */
    default Activated linearActivation(Activation f, Tensor x, FrozenLinear w) {
        Tensor inner = linear(x, w);
        return new Activated(inner, activation(f, inner));
    }

    /**
     * dInner[N,I] = (dy[N,O]·W) · f′(inner), the backward pass of y = f(inner)·Wᵀ + b: {@link #linearBackward} and
     * {@link #activationBackward}.
     */
    default Tensor linearBackwardThroughActivation(Tensor dy, FrozenLinear w, Activation f, Tensor inner) {
        try (Tensor dActivated = linearBackward(dy, w)) {
            return activationBackward(f, dActivated, inner);
        }
    }

    // ---- attention

    /** Shape of one attention: tokens of an example beyond {@code lengths[b]} are padding and are not attended to. */
    record AttentionShape(int batch, int tokens, int heads, int[] lengths) {}

    /**
     * What {@link #attention} gives, and what it keeps for {@link #attentionBackward}. Owns nothing: the caller closes both.
     *
     * @param output [N,H], zero in the rows of padding tokens
     * @param kept the implementation's own: the attention weights [B·A·T, T], zero where the key or the query is padding, or
     *     what they can be formed from again
     * @param outputNeeded whether the backward pass reads the output as well; if not, it may be closed before
     */
    record Attended(Tensor output, Tensor kept, boolean outputNeeded) {}

    /**
     * softmax(q·kᵀ/√D)·v for every example and head.
     *
     * @param qkv [N,3H]: query, key and value side by side
     */
    Attended attention(Tensor qkv, AttentionShape shape);

    /**
     * dqkv [N,3H] of {@link #attention}, zero in the rows of padding tokens. The same rows of {@code dy} may hold anything
     * finite.
     */
    Tensor attentionBackward(Tensor dy, Tensor qkv, AttentionShape shape, Attended saved);

    // ---- dropout

    /**
     * y = x·mask/(1−rate) with a mask that is a pure function of (key, element index): applying it again with the same
     * key to dy gives the backward pass. The mask is the same on every implementation.
     */
    Tensor dropout(Tensor x, double rate, long key);

    // ---- per-example windows

    /** u[b·T+t, i] *= factors[b·R+i] for u [N,R]. */
    void scaleByExample(Tensor u, float[] factors, int tokens);

    // ---- pooling

    /** Mean over the first {@code lengths[b]} tokens of each example: x [N,H] to [B,H] in f32 or better. */
    Tensor meanPool(Tensor x, AttentionShape shape);

    /** dx [N,H] of {@link #meanPool}, zero on padding. */
    Tensor meanPoolBackward(Tensor dy, AttentionShape shape);

    /** The first token of each example: x [N,H] to [B,H] in f32 or better. */
    Tensor firstToken(Tensor x, AttentionShape shape);

    /** dx [N,H] of {@link #firstToken}, zero elsewhere. */
    Tensor firstTokenBackward(Tensor dy, AttentionShape shape);

    // ---- loss and optimizer: all tensors in single precision

    /**
     * The loss of each example and the gradient of their sum.
     *
     * @param outputs [B,C]
     * @param targets [B,C]: weights of the classes, or numbers
     * @param losses [B], receives them
     * @return [B,C], the gradient with respect to {@code outputs}
     */
    Tensor loss(Loss loss, Tensor outputs, INDArray targets, Tensor losses);

    /** Numbers of a summary. */
    int SUMMARY = 4;

    /** Where {@link #summarise} puts the mean loss. */
    int SUMMARY_LOSS = 0;

    /** Where {@link #summarise} puts the norm of the mean gradient, before it is clipped. */
    int SUMMARY_NORM = 1;

    /** Where {@link #summarise} puts what the gradient has to be multiplied with: not a number for a step not to make. */
    int SUMMARY_FACTOR = 2;

    /** Where {@link #adamW} puts 1 if it has moved a parameter to what is not a finite number; else 0. */
    int SUMMARY_LEFT_RANGE = 3;

    /**
     * Loss and gradient of a step in four numbers. The factor is 1/B, and less where the norm of the mean gradient is
     * above {@code largestNorm}, to make it that.
     *
     * @param losses [B]
     * @param gradient [n], of the sum of the losses
     * @param largestNorm L2; 0 for any
     * @param summary [4], receives them
     */
    void summarise(Tensor losses, Tensor gradient, double largestNorm, Tensor summary);

    /**
     * A step of AdamW. Nothing changes where the factor of {@code summary} is not a number.
     *
     * @param stretches what moves; they do not overlap
     * @param parameters [n]
     * @param gradient [n]
     * @param state first and second moments, where the stretches say
     * @param summary [4] of {@link #summarise}
     */
    void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Stretch> stretches,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary);

    /** How many tensors made by these kernels are not closed yet: for tests and leak checks. */
    long outstanding();

    /**
     * Lends the scratch memory of these kernels to others of the same backend, until these are used again.
     *
     * @throws IllegalStateException if a tensor is not closed yet
     */
    void rest();

    @Override
    void close();
}
