package org.erat.config;

import java.math.BigDecimal;

/** Numbers that a setting may have. {@code open} bounds are not part of it. */
record Interval(BigDecimal low, boolean lowOpen, BigDecimal high, boolean highOpen) {
    /** low ≤ x ≤ high. */
    static Interval closed(String low, String high) {
        return new Interval(new BigDecimal(low), false, new BigDecimal(high), false);
    }

    /** low < x ≤ high. */
    static Interval above(String low, String high) {
        return new Interval(new BigDecimal(low), true, new BigDecimal(high), false);
    }

    /** low ≤ x < high. */
    static Interval below(String low, String high) {
        return new Interval(new BigDecimal(low), false, new BigDecimal(high), true);
    }

    boolean contains(BigDecimal value) {
        int toLow = value.compareTo(low);
        int toHigh = value.compareTo(high);
        return (lowOpen ? toLow > 0 : toLow >= 0) && (highOpen ? toHigh < 0 : toHigh <= 0);
    }

    @Override
    public String toString() {
        if (!lowOpen && !highOpen) {
            return low + ".." + high;
        }
        return (lowOpen ? "above " + low : low + " or more") + ", " + (highOpen ? "below " : "at most ") + high;
    }
}
