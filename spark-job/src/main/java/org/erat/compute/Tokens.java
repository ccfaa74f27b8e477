package org.erat.compute;

import javax.annotation.Nullable;

/** Rows of tokens: embeddings on the way in, rotations; gathering and pooling on the way out. */
public interface Tokens {
    /**
     * Sum of the word, position and token type embeddings, [N,H]. Never differentiated: nothing below the lowest adapter
     * is.
     *
     * @param words [V,H]
     * @param positionTable [P,H], or null for a model without
     * @param types [·,H], or null for a model without
     * @param tokenIds [N] rows of {@code words}
     * @param typeIds [N] rows of {@code types}; read only where there are types
     * @param positions [N] rows of {@code positionTable}; read only where there is one
     */
    Tensor embeddings(
            Tensor words,
            @Nullable Tensor positionTable,
            @Nullable Tensor types,
            int[] tokenIds,
            int[] typeIds,
            int[] positions);

    /**
     * Rotary position embeddings (Su et al., arXiv 2104.09864) in the place of x: in each head of width D the elements
     * (i, i + D/2) of each row are rotated by angle i of the row's position.
     *
     * @param x [N,A·D], may be a view
     * @param headWidth D
     * @param angles [P·D] frozen: for each position the D/2 cosines of its angles, then their sines
     * @param positions [N] within 0..P−1
     */
    void rotate(Tensor x, int headWidth, Tensor angles, int[] positions);

    /** dx of {@link #rotate} in the place of dy [N,A·D]: the rotation by the negative angles. */
    void rotateBackward(Tensor dy, int headWidth, Tensor angles, int[] positions);

    /** Rows of x [N,H] one after the other, [M,H] in {@link Memory#single}. */
    Tensor gather(Tensor x, int[] rows);

    /**
     * dx [N,H] in the dtype of activations, of {@link #gather}: row {@code rows[i]} is row i of dy [M,H], all others are
     * zero.
     *
     * @param rows without repetition
     */
    Tensor gatherBackward(Tensor dy, int[] rows, long n);

    /** Mean over the first {@code lengths[b]} of T rows of each example: x [N,H] to [B,H] in {@link Memory#single}. */
    Tensor meanPool(Tensor x, int[] lengths);

    /** dx [N,H] of {@link #meanPool}, zero on padding. */
    Tensor meanPoolBackward(Tensor dy, int[] lengths, int tokens);
}
