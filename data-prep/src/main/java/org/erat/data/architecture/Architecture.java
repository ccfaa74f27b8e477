package org.erat.data.architecture;

import java.io.Serializable;

/**
 * What a transformer computes, as data: the one description that the forward and backward pass, the adapters' layout and
 * the estimate of memory go by. A {@link Family} makes it of a {@code config.json}.
 *
 * @param family name of the {@link Family}: {@code bert}
 * @param vocabulary V, rows of the word embedding table
 * @param tokenTypes rows of the token type embedding table; 0 for none
 * @param positions how tokens know their place
 * @param blocks L
 * @param width H, width of the hidden states
 * @param heads of the attention
 * @param mask which keys a query sees
 * @param feedForward the second part of a block
 * @param norm normalization of the hidden states
 * @param padTokenId id that fills the end of short examples
 */
public record Architecture(
        String family,
        int vocabulary,
        int tokenTypes,
        Positions positions,
        int blocks,
        int width,
        Heads heads,
        Mask mask,
        FeedForward feedForward,
        Norm norm,
        int padTokenId)
        implements Serializable {
    /**
     * Learned absolute positions.
     *
     * @param rows P, rows of the position embedding table
     * @param offset row of the first token
     */
    public record Positions(int rows, int offset) implements Serializable {}

    /**
     * Heads of the attention.
     *
     * @param query A, heads of the query
     * @param keyValue K, heads of key and value; divides A
     * @param width D, width of one head
     */
    public record Heads(int query, int keyValue, int width) implements Serializable {}

    /** Which keys a query sees. */
    public enum Mask {
        /** All of its example. */
        BIDIRECTIONAL,
        /** Those at its own position and before it. */
        CAUSAL
    }

    /**
     * output(f(intermediate(x))).
     *
     * @param width F, the inner width
     * @param activation f
     */
    public record FeedForward(int width, Activation activation) implements Serializable {}

    /**
     * Layer normalization.
     *
     * @param place where it stands
     * @param epsilon added to the variance
     */
    public record Norm(Place place, double epsilon) implements Serializable {}

    /** Where a norm stands, beside a part f of a block. */
    public enum Place {
        /** norm(x + f(x)). */
        POST,
        /** x + f(norm(x)), with one more norm after the last block. */
        PRE
    }

    /** Longest sequence in tokens. */
    public int maxLength() {
        return positions.rows() - positions.offset();
    }

    /** Width of the input of a projection. */
    public int in(Projection projection) {
        return switch (projection) {
            case QUERY, KEY, VALUE, INTERMEDIATE -> width;
            case ATTENTION_OUTPUT -> heads.query() * heads.width();
            case OUTPUT -> feedForward.width();
        };
    }

    /** Width of the output of a projection. */
    public int out(Projection projection) {
        return switch (projection) {
            case QUERY -> heads.query() * heads.width();
            case KEY, VALUE -> heads.keyValue() * heads.width();
            case ATTENTION_OUTPUT, OUTPUT -> width;
            case INTERMEDIATE -> feedForward.width();
        };
    }
}
