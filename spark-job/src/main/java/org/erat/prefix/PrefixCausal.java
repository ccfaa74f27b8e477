package org.erat.prefix;

import org.erat.data.tokenized.Arrangement;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Visibility;

/**
 * Next tokens under a causal mask behind the source, {@code s2s-ft}'s way v0: the separator that ends the source begins the
 * target, and each token of it predicts the one after it.
 *
 * <pre>
 *   [CLS] s ‖ [SEP] t₁ … t_m [SEP]      the source sees the source, the target the source and the target up to itself
 *               │    │     │
 *               t₁   t₂   [SEP]         predicted
 * </pre>
 *
 * @param tokenTypes of the model
 */
record PrefixCausal(int tokenTypes) implements PassInputs {
    @Override
    public Batch training(Batch plain, Noise noise) {
        return evaluation(plain);
    }

    @Override
    public Batch prompts(Batch prompts, int type) {
        return evaluation(prompts);
    }

    @Override
    public Batch evaluation(Batch plain) {
        int tokens = plain.tokens();
        int[] typeIds = plain.typeIds().clone();
        int[] positions = new int[typeIds.length];
        int[] ends = new int[typeIds.length];
        int[] sources = Sources.ends(plain);
        for (int b = 0; b < plain.size(); b++) {
            int length = plain.lengths()[b];
            // The start of the target stands at the end of the source, if anything is predicted.
            int source = sources[b];
            for (int t = 0; t < length; t++) {
                positions[b * tokens + t] = t;
                ends[b * tokens + t] = Math.max(source, t + 1);
            }
            if (source < length && tokenTypes > 1) {
                typeIds[b * tokens + source] = 1;
            }
        }
        return new Batch(
                plain.tokenIds(),
                typeIds,
                plain.lengths(),
                plain.ids(),
                plain.targets(),
                new Arrangement(positions, new Visibility(new int[ends.length], ends)));
    }
}
