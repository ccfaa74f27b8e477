package org.erat.generation;

import java.util.Arrays;
import org.erat.method.CounterRandom;

/** Chooses the next token of a sequence by itself. */
@FunctionalInterface
interface TokenChoice {
    int NONE = -1;

    /**
     * The token.
     *
     * @param logits [V]; minus infinity where a token is not allowed
     * @param id of the prompt
     * @param position tokens of the completion so far
     * @return {@link #NONE} where no token is allowed
     */
    int of(float[] logits, long id, int position);

    /** The likeliest token. */
    static TokenChoice greedy() {
        return (logits, id, position) -> {
            int best = LikeliestTokens.of(logits, 1)[0];
            return logits[best] == Float.NEGATIVE_INFINITY ? NONE : best;
        };
    }

    /** A token that is drawn. */
    static TokenChoice sampled(Strategy.Sampling sampling) {
        return (logits, id, position) ->
                sample(sampling, logits, CounterRandom.uniform(CounterRandom.key(sampling.seed(), id), position));
    }

    /** The token at u, in [0,1), of the cumulative probabilities. */
    private static int sample(Strategy.Sampling sampling, float[] logits, double u) {
        int[] tokens = candidates(sampling, logits);
        double[] weights = new double[tokens.length];
        double largest = Double.NEGATIVE_INFINITY;
        for (int token : tokens) {
            largest = Math.max(largest, logits[token]);
        }
        if (largest == Double.NEGATIVE_INFINITY) {
            return NONE;
        }
        double total = 0;
        for (int i = 0; i < tokens.length; i++) {
            weights[i] = Math.exp((logits[tokens[i]] - largest) / sampling.temperature());
            total += weights[i];
        }
        int kept = tokens.length;
        if (sampling.topP() < 1) {
            double all = total;
            total = 0;
            for (kept = 0; kept < tokens.length && total < sampling.topP() * all; kept++) {
                total += weights[kept];
            }
        }
        double left = u * total;
        int last = NONE;
        for (int i = 0; i < kept; i++) {
            if (weights[i] > 0) {
                last = tokens[i];
                left -= weights[i];
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }

    /** Tokens that can be drawn: the likeliest first where some are left out, else in the order of their ids. */
    private static int[] candidates(Strategy.Sampling sampling, float... logits) {
        if (sampling.topK() == 0 && sampling.topP() == 1) {
            int[] all = new int[logits.length];
            Arrays.setAll(all, token -> token);
            return all;
        }
        return LikeliestTokens.of(logits, sampling.topK() == 0 ? logits.length : sampling.topK());
    }
}
