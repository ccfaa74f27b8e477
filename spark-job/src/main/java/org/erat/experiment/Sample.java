package org.erat.experiment;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Values of several seeds.
 *
 * @param values one for each seed, at least one
 */
record Sample(double... values) {
    private static final double TWO_SIDED_95 = 0.975;

    double mean() {
        return StatUtils.mean(values);
    }

    /** The standard deviation of the values, with n − 1; NaN for one value. */
    double deviation() {
        return values.length < 2 ? Double.NaN : Math.sqrt(StatUtils.variance(values));
    }

    /** Half the width of the 95 % interval of the mean by Student's t; NaN for one value. */
    double halfWidth() {
        return values.length < 2
                ? Double.NaN
                : new TDistribution(null, values.length - 1.0).inverseCumulativeProbability(TWO_SIDED_95)
                        * standardError();
    }

    /** The two-sided p value of a mean of zero by Student's t; NaN for one value. */
    double chanceOfZero() {
        if (values.length < 2) {
            return Double.NaN;
        }
        if (standardError() == 0) {
            return mean() == 0 ? 1 : 0;
        }
        double t = Math.abs(mean() / standardError());
        return 2 * new TDistribution(null, values.length - 1.0).cumulativeProbability(-t);
    }

    private double standardError() {
        return deviation() / Math.sqrt(values.length);
    }

    /**
     * Holm's correction of p values for there being several: the i-th smallest of m is multiplied by m − i + 1, is at least
     * as large as the one before, and at most 1. What is not a number is none of them.
     */
    static double[] holm(double... p) {
        double[] corrected = p.clone();
        List<Integer> ascending = IntStream.range(0, p.length)
                .filter(i -> !Double.isNaN(p[i]))
                .boxed()
                .sorted((i, j) -> Double.compare(p[i], p[j]))
                .toList();
        double atLeast = 0;
        for (int place = 0; place < ascending.size(); place++) {
            int i = ascending.get(place);
            atLeast = Math.max(atLeast, Math.min(1, (ascending.size() - place) * p[i]));
            corrected[i] = atLeast;
        }
        return corrected;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sample sample && Arrays.equals(values, sample.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return Arrays.toString(values);
    }
}
