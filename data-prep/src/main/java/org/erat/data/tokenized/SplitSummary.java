package org.erat.data.tokenized;

/**
 * What one split holds.
 *
 * @param examples number of examples; their ids are 0..examples-1
 * @param tokens number of tokens over all examples, special tokens included
 * @param longest length of the longest example in tokens
 * @param truncated number of examples that were cut at the maximum length; of a token classification, number of words
 *     that were cut away, since each of them loses its label
 */
public record SplitSummary(long examples, long tokens, int longest, long truncated) {
    /** Of a split that is not there. */
    static final SplitSummary NONE = new SplitSummary(0, 0, 0, 0);

    /** Of the examples of both. */
    SplitSummary plus(SplitSummary other) {
        return new SplitSummary(
                examples + other.examples,
                tokens + other.tokens,
                Math.max(longest, other.longest),
                truncated + other.truncated);
    }
}
