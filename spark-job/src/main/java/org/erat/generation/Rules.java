package org.erat.generation;

import java.util.Arrays;
import java.util.Set;

/**
 * What holds for all completions, whatever chooses their tokens.
 *
 * @param endTokens tokens after which a completion has ended
 * @param context most tokens of prompt and completion together
 */
record Rules(Set<Integer> endTokens, int context, GenerationSettings settings) {
    /** Most tokens of the completion of a prompt, an end token counted. */
    int room(Prompt prompt) {
        return Math.min(settings.maxNewTokens(), context - prompt.tokens().length);
    }

    boolean isEnd(int token) {
        return endTokens.contains(token);
    }

    /**
     * Sets the logits of tokens that would repeat an n-gram to minus infinity.
     *
     * @param completion tokens so far
     */
    void ban(float[] logits, int... completion) {
        int n = settings.noRepeatNgram();
        int last = completion.length - n + 1;
        if (n == 0 || last < 0) {
            return;
        }
        for (int from = 0; from + n <= completion.length; from++) {
            if (Arrays.equals(completion, from, from + n - 1, completion, last, completion.length)) {
                logits[completion[from + n - 1]] = Float.NEGATIVE_INFINITY;
            }
        }
    }
}
