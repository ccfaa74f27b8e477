package org.erat.data;

/**
 * The SplitMix64 generator: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, with
 * the finalizer "Mix13" of D. Stafford. What is random here must be the same under every Java version, which the
 * library's generators do not promise. It passes the usual statistical batteries; it is not meant for cryptography.
 */
public final class SplitMix64 {
    /** The generator's step, 2⁶⁴ divided by the golden ratio, made odd: output n of state s is mix(s + (n + 1) · STEP). */
    public static final long STEP = 0x9E3779B97F4A7C15L;

    private long state;

    /** A generator keyed by all of {@code key}: keys that differ in any place give unrelated streams. */
    public SplitMix64(long... key) {
        for (long part : key) {
            state = mix(state + STEP + mix(part));
        }
    }

    /** The next 64 random bits. */
    public long next() {
        state += STEP;
        return mix(state);
    }

    /** A number drawn uniformly from 0..bound-1 (Lemire's multiplication; its bias is below bound / 2^63). */
    public int nextInt(int bound) {
        return (int) Math.multiplyHigh(next() >>> 1, (long) bound << 1);
    }

    /** The finalizer: a one-to-one function in which every bit of the result depends on every bit of {@code value}. */
    public static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
