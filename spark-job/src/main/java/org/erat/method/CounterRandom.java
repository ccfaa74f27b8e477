package org.erat.method;

import org.erat.data.SplitMix64;

/**
 * Random numbers as a function of a key and a counter. There is no state, so a number does not depend on what was drawn
 * before it, on the thread or on the process.
 *
 * <p>Number c of a key is output c of the {@link SplitMix64} generator started at that key.
 */
public final class CounterRandom {
    private static final long UNSIGNED_INT = 0xFFFFFFFFL;

    private CounterRandom() {}

    /**
     * One key out of any number of parts. Order and number of the parts matter: (1, 2), (2, 1) and (1, 2, 0) are three
     * keys. For parts of equal number that differ in one place the keys always differ; otherwise two keys coincide with
     * chance 2⁻⁶⁴.
     *
     * @param parts what the random numbers belong to, for example a seed, a step and a block; any values
     */
    public static long key(long... parts) {
        long key = SplitMix64.mix(parts.length + SplitMix64.STEP);
        for (long part : parts) {
            key = SplitMix64.mix((key ^ part) + SplitMix64.STEP);
        }
        return key;
    }

    /** 64 random bits. */
    public static long bits(long key, long counter) {
        return SplitMix64.mix(key + (counter + 1) * SplitMix64.STEP);
    }

    /** A number in [0, 1), a multiple of 2⁻⁵³. */
    public static double uniform(long key, long counter) {
        return (bits(key, counter) >>> 11) * 0x1.0p-53;
    }

    /**
     * An unbiased whole number in 0..bound−1: the method of D. Lemire, "Fast random integer generation in an interval",
     * ACM TOMACS 2019. Uses counters 0, 1, … of the key until one is accepted, which the first is with chance over
     * 1 − bound/2³². For one key the result grows with the bound: it is one uniform number stretched to the interval.
     *
     * @param bound 1 or more
     */
    public static int below(long key, int bound) {
        if (bound < 1) {
            throw new IllegalArgumentException("Bound " + bound + " of a random number is below 1");
        }
        // 2³² mod bound: so many of the 2³² values have to be refused for each result to be equally likely.
        long refused = (UNSIGNED_INT + 1 - bound) % bound;
        for (long counter = 0; ; counter++) {
            long product = (bits(key, counter) >>> 32) * bound;
            if ((product & UNSIGNED_INT) >= refused) {
                return (int) (product >>> 32);
            }
        }
    }
}
