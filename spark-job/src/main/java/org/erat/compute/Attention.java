package org.erat.compute;

import javax.annotation.Nullable;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.tokenized.Visibility;

/** Scaled dot-product attention over query, key and value side by side. */
public interface Attention {
    /**
     * Shape of one attention.
     *
     * @param batch B
     * @param tokens T
     * @param heads A, heads of the query
     * @param keyValueHeads K, heads of key and value; divides A. Query head a reads key/value head ⌊a/(A/K)⌋
     * @param headWidth D
     * @param mask which keys of its own example a query sees, beside padding, which none sees
     * @param lengths [B] tokens of each example, 1..T; those beyond are padding and are not attended to
     * @param visibility which keys each query sees, if {@code mask}, which shows all then, does not say it; or null
     */
    record Shape(
            int batch,
            int tokens,
            int heads,
            int keyValueHeads,
            int headWidth,
            Mask mask,
            int[] lengths,
            @Nullable Visibility visibility) {
        /** Where the mask says all. */
        public Shape(int batch, int tokens, int heads, int keyValueHeads, int headWidth, Mask mask, int[] lengths) {
            this(batch, tokens, heads, keyValueHeads, headWidth, mask, lengths, null);
        }

        /** The same with another mask. */
        public Shape with(Mask other) {
            return new Shape(batch, tokens, heads, keyValueHeads, headWidth, other, lengths, visibility);
        }

        /** Whether a query that is no padding misses keys that are none. */
        public boolean hidesKeys() {
            return mask.hidesKeys(tokens) || visibility != null;
        }

        /** Index of the first key of the interval that a query sees; it sees the key at its own place besides. */
        public int firstKey(int example, int query) {
            return visibility == null
                    ? Math.min(mask.firstKey(query), endOfKeys(example, query))
                    : visibility.from()[example * tokens + query];
        }

        /** Index after the last key of that interval. */
        public int endOfKeys(int example, int query) {
            return visibility == null
                    ? mask.endOfKeys(query, lengths[example])
                    : visibility.to()[example * tokens + query];
        }

        /** N = B·T. */
        public long rows() {
            return (long) batch * tokens;
        }

        /** A·D, columns of the query and of the output. */
        public int queryWidth() {
            return heads * headWidth;
        }

        /** K·D, columns of the key and of the value. */
        public int keyValueWidth() {
            return keyValueHeads * headWidth;
        }

        /** (A+2K)·D, columns of query, key and value side by side. */
        public int width() {
            return queryWidth() + 2 * keyValueWidth();
        }
    }

    /**
     * The result of {@link #forward} and what it keeps for {@link #backward}. Owns nothing: the caller closes both.
     *
     * @param output [N,A·D], zero in the rows of padding tokens
     * @param kept the implementation's own: the softmax of the scores [B·A·T, T], zero where the key is not seen or the
     *     query is padding, or what it can be formed from again
     * @param outputNeeded whether the backward pass reads the output as well; if not, it may be closed before
     */
    record Attended(Tensor output, Tensor kept, boolean outputNeeded) {}

    /**
     * softmax(q·kᵀ/√D)·v for every example and head.
     *
     * @param qkv [N,(A+2K)·D]: query, key and value side by side
     */
    Attended forward(Tensor qkv, Shape shape);

    /**
     * dqkv [N,(A+2K)·D] of {@link #forward}, zero in the rows of padding tokens. The same rows of {@code dy} may hold any
     * finite values.
     */
    Tensor backward(Tensor dy, Tensor qkv, Shape shape, Attended saved);

    /**
     * Attention of the newest token of each example to itself and to the tokens before it, whose keys and values are kept:
     * a step of decoding. There is no backward pass.
     *
     * @param qkv [B,(A+2K)·D] of the newest tokens
     * @param cache [B·T,2K·D], finite everywhere: row b·T+t is key and value, side by side, of token t of example b. Those
     *     of the newest token, t = {@code lengths[b] − 1}, are written here
     * @param shape T is how many tokens of an example the cache has room for, 2 or more, {@code lengths} how many there are
     *     with the newest one. Of the mask the window counts: without one the newest token sees all
     * @return [B,A·D]
     */
    Tensor decode(Tensor qkv, Tensor cache, Shape shape);
}
