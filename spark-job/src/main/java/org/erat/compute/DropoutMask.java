package org.erat.compute;

import org.erat.data.SplitMix64;

/**
 * The mask of {@link Pointwise#dropout}, or its end from some element on: a pure function of (key, element index), the same on every implementation. {@link
 * SplitMix64} gives 64 bits for each pair of elements, 32 for each; so the rate is met to 2⁻³².
 */
public final class DropoutMask {
    private final long start;
    private final long threshold;
    private final float scale;

    /**
     * @param rate chance that an element is dropped, [0, 1)
     * @param first index of the element that is element 0 here, an even number
     */
    public DropoutMask(double rate, long key, long first) {
        Shapes.checkDropout(rate, first);
        this.start = SplitMix64.mix(key + SplitMix64.STEP) + (first >> 1) * SplitMix64.STEP;
        this.threshold = Math.round(rate * 0x1p32);
        this.scale = (float) (1 / (1 - rate));
    }

    /** Element i is drawn from the bits of mix(start + ⌊i/2⌋ · STEP), {@link SplitMix64}: for implementations of their own. */
    public long start() {
        return start;
    }

    /** An element is kept where its 32 bits, the lower ones for an even index, are no less than this. */
    public long threshold() {
        return threshold;
    }

    /** 1/(1−rate). */
    public float scale() {
        return scale;
    }

    /** Multiplies each of {@code values}, which start at element {@code first}, by 0 or 1/(1−rate). */
    public void apply(float[] values, long first) {
        int i = 0;
        if ((first & 1) == 1) {
            values[0] = keeps(first) ? values[0] * scale : 0;
            i = 1;
        }
        for (; i + 1 < values.length; i += 2) {
            long bits = SplitMix64.mix(start + ((first + i) >>> 1) * SplitMix64.STEP);
            values[i] = (bits & 0xFFFFFFFFL) >= threshold ? values[i] * scale : 0;
            values[i + 1] = (bits >>> 32) >= threshold ? values[i + 1] * scale : 0;
        }
        if (i < values.length) {
            values[i] = keeps(first + i) ? values[i] * scale : 0;
        }
    }

    /** Whether element {@code index} is kept. */
    public boolean keeps(long index) {
        long bits = SplitMix64.mix(start + (index >>> 1) * SplitMix64.STEP);
        long draw = (index & 1) == 0 ? bits & 0xFFFFFFFFL : bits >>> 32;
        return draw >= threshold;
    }
}
