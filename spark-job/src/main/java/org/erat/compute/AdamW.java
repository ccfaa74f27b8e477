package org.erat.compute;

import java.io.Serializable;

/**
 * The rule of AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2) over segments of a parameter vector: what lies
 * outside of them is not touched.
 *
 * @param beta1 decay of the first moments, in [0,1)
 * @param beta2 decay of the second moments, in [0,1)
 * @param epsilon added to the root of the second moments, above 0
 */
public record AdamW(double beta1, double beta2, double epsilon) implements Serializable {
    /**
     * A range of parameters that one step updates.
     *
     * @param from index of its first parameter, and of its gradient
     * @param length values
     * @param first index of its first moments in the optimizer's state
     * @param second index of its second moments there
     * @param steps steps that have updated it, this one included
     * @param weightDecay decoupled, 0 or more
     */
    public record Segment(long from, long length, long first, long second, double steps, double weightDecay) {
        /**
         * The same segment of longer vectors.
         *
         * @param parameters how much further its parameters lie
         * @param state how much further its moments lie
         */
        public Segment moved(long parameters, long state) {
            return new Segment(from + parameters, length, first + state, second + state, steps, weightDecay);
        }
    }

    /** What the first moments are divided by at a segment's step number {@code steps}. */
    public double firstCorrection(double steps) {
        return 1 - Math.pow(beta1, steps);
    }

    /** What the second moments are divided by. */
    public double secondCorrection(double steps) {
        return 1 - Math.pow(beta2, steps);
    }

    /**
     * Updates moments and replaces gradients by the direction m̂ / (√v̂ + ε), for {@code length} values.
     *
     * @param g gradients
     * @param m first moments
     * @param v second moments
     * @param steps steps, this one included, from 1
     */
    public void direct(double[] g, double[] m, double[] v, int length, double steps) {
        double firstCorrection = firstCorrection(steps);
        double secondCorrection = secondCorrection(steps);
        for (int i = 0; i < length; i++) {
            m[i] = beta1 * m[i] + (1 - beta1) * g[i];
            v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
            g[i] = m[i] / firstCorrection / (Math.sqrt(v[i] / secondCorrection) + epsilon);
        }
    }
}
