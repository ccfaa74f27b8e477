package org.erat.generation;

/**
 * Sequences that a language model reads together. They begin as prompts, of which all but the logits of the next token is
 * forgotten.
 */
interface SequenceBatch extends AutoCloseable {
    /**
     * Logits [V] of the token that follows a sequence.
     *
     * @return valid, and the caller's to change, until the next call
     */
    float[] logits(int sequence);

    /**
     * Reads one more token of each sequence that goes on.
     *
     * @param sources for each sequence from here on the one that it continues; a sequence may be continued more than once
     * @param tokens for each of them its next token
     */
    void advance(int[] sources, int[] tokens);

    @Override
    void close();
}
