package org.erat.model;

import org.erat.compute.Kernels.AttentionShape;

/**
 * Token ids of B examples, padded to T tokens.
 *
 * @param tokenIds [B,T] row-major
 * @param typeIds [B,T] row-major
 * @param lengths [B] tokens of each example without padding, at least 1
 * @param tokens T
 */
public record TokenBatch(int[] tokenIds, int[] typeIds, int[] lengths, int tokens) {
    /** B. */
    public int size() {
        return lengths.length;
    }

    AttentionShape attention(int heads) {
        return new AttentionShape(size(), tokens, heads, lengths);
    }
}
