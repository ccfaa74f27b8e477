package org.erat.generation;

import java.util.Arrays;

/**
 * What holds for all completions, whatever chooses their tokens.
 *
 * @param tokens after which of them a completion has ended, and which do not come
 * @param context most tokens of prompt and completion together
 */
record Rules(SpecialTokens tokens, int context, GenerationSettings settings) {
    /** Most tokens of the completion of a prompt, an end token counted. */
    int room(Prompt prompt) {
        return Math.min(settings.maxNewTokens(), context - prompt.tokens().length);
    }

    boolean isEnd(int token) {
        return tokens.ends().contains(token);
    }

    /** Number of tokens that end a completion. */
    int ends() {
        return tokens.ends().size();
    }

    /**
     * Sets the logits of tokens that are excluded or would repeat an n-gram to minus infinity.
     *
     * @param completion tokens so far
     */
    void ban(float[] logits, int... completion) {
        for (int token : tokens.excluded()) {
            logits[token] = Float.NEGATIVE_INFINITY;
        }
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
