package org.erat.data.tokenized;

/**
 * The SplitMix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). The
 * order of the data must be the same under every Java version, which the library's generators do not promise.
 */
final class SplitMix64 {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private long state;

    /** A generator keyed by all of {@code key}: keys that differ in any place give unrelated streams. */
    SplitMix64(long... key) {
        for (long part : key) {
            state = mix(state + GOLDEN_GAMMA + mix(part));
        }
    }

    /** The next 64 random bits. */
    long next() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** A number drawn uniformly from 0..bound-1 (Lemire's multiplication; its bias is below bound / 2^63). */
    int nextInt(int bound) {
        return (int) Math.multiplyHigh(next() >>> 1, (long) bound << 1);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
