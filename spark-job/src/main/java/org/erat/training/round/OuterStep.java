package org.erat.training.round;

/**
 * The step of the shared parameters towards a round's average: θ ← θ + η(θ̄ − θ), or with Nesterov momentum μ as in DiLoCo
 * (arXiv 2311.08105, algorithm 1): g = θ − θ̄, b ← μb + g, θ ← θ − η(g + μb). With η = 1 and μ = 0 it is plain averaging.
 * A row that nobody trained has no average and does not move.
 */
public record OuterStep(double learningRate, double momentum) {
    /**
     * @param moved whether each value has an average in this round
     * @param buffer b, updated in place; empty where μ = 0
     */
    float[] apply(float[] parameters, float[] average, boolean[] moved, float[] buffer) {
        if (learningRate == 1 && momentum == 0) {
            return average;
        }
        float[] next = parameters.clone();
        for (int i = 0; i < next.length; i++) {
            if (moved[i]) {
                double gradient = (double) parameters[i] - average[i];
                double step = gradient;
                if (momentum > 0) {
                    buffer[i] = (float) (momentum * buffer[i] + gradient);
                    step += momentum * buffer[i];
                }
                next[i] = (float) (parameters[i] - learningRate * step);
            }
        }
        return next;
    }
}
