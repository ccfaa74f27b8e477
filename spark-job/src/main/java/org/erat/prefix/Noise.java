package org.erat.prefix;

import org.erat.method.CounterRandom;

/**
 * How a training step corrupts tokens: at random, but the same ones whenever the step is made.
 *
 * @param history chance that a token of the target is corrupted where later ones see it
 * @param key of the step's random numbers
 */
public record Noise(double history, long key) {
    // Keys of other random choices must differ.
    private static final long PURPOSE = 0x6e6f697365000000L;

    /** A corrupted token is the mask with this chance, below {@link #RANDOM_OR_MASK} a random one, and else itself. */
    private static final double MASK = 0.8;

    private static final double RANDOM_OR_MASK = 0.9;

    /** Each place of a text has random numbers for its token and others for the pseudo token. */
    private static final long OF_HISTORY = 0;

    private static final long OF_PSEUDO_TOKEN = 1;

    /** The noise of a step of a shard. */
    public static Noise of(double history, long seed, long step, int shard) {
        return new Noise(history, CounterRandom.key(seed, step, shard, PURPOSE));
    }

    /** What stands for a token of the target where later ones see it. */
    int history(int token, int example, int position, int mask, int vocabulary) {
        long ofToken = key(example, position, OF_HISTORY);
        return CounterRandom.uniform(ofToken, 0) < history ? corrupted(token, ofToken, mask, vocabulary) : token;
    }

    /** What stands where a token is predicted. */
    int pseudoToken(int token, int example, int position, int mask, int vocabulary) {
        return corrupted(token, key(example, position, OF_PSEUDO_TOKEN), mask, vocabulary);
    }

    private long key(int example, int position, long of) {
        return CounterRandom.key(key, example, position, of);
    }

    private static int corrupted(int token, long ofToken, int mask, int vocabulary) {
        double choice = CounterRandom.uniform(ofToken, 1);
        if (choice < MASK) {
            return mask;
        }
        return choice < RANDOM_OR_MASK ? CounterRandom.below(CounterRandom.key(ofToken), vocabulary) : token;
    }
}
