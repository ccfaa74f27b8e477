package org.erat.generation;

import java.io.Serializable;
import org.erat.data.UsageException;

/**
 * What is asked of a completion.
 *
 * @param maxNewTokens most tokens, the end token counted
 * @param noRepeatNgram n: no n tokens in a row occur twice in a completion; what the prompt says may be repeated. Tokens
 *     that would repeat some are left out before the softmax. 0 for no such rule
 */
public record GenerationSettings(int maxNewTokens, int noRepeatNgram, Strategy strategy) implements Serializable {
    /** Most tokens of a completion where the user does not say. */
    public static final int MAX_NEW_TOKENS = 64;

    public GenerationSettings {
        if (maxNewTokens < 1) {
            throw new UsageException("--max-new-tokens " + maxNewTokens + " is below 1. Name 1 token or more.");
        }
        if (noRepeatNgram < 0) {
            throw new UsageException("--no-repeat-ngram " + noRepeatNgram
                    + " is below 0. Name a number of tokens such as 4, or 0 for no such rule.");
        }
    }
}
