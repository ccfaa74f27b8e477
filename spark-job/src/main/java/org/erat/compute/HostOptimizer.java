package org.erat.compute;

import java.util.List;

/** {@link Kernels#summarise} and {@link Kernels#adamW} for implementations whose tensors are in host memory. */
public final class HostOptimizer {
    private HostOptimizer() {}

    /** {@link Kernels#summarise} of B losses and n gradients. */
    public static void summarise(
            HostValues losses,
            long examples,
            HostValues gradient,
            long parameters,
            double largestNorm,
            HostValues summary) {
        double loss = 0;
        for (long i = 0; i < examples; i++) {
            loss += losses.get(i);
        }
        double squares = 0;
        double[] run = new double[HostValues.RUN];
        for (long at = 0; at < parameters; at += run.length) {
            int length = (int) Math.min(run.length, parameters - at);
            gradient.get(at, run, length);
            for (int i = 0; i < length; i++) {
                squares += run[i] * run[i];
            }
        }
        double norm = Math.sqrt(squares) / examples;
        double factor = largestNorm > 0 && norm > largestNorm ? largestNorm / norm : 1;
        boolean finite = Double.isFinite(loss) && Double.isFinite(norm);
        summary.put(Kernels.SUMMARY_LOSS, loss / examples);
        summary.put(Kernels.SUMMARY_NORM, norm);
        summary.put(Kernels.SUMMARY_FACTOR, finite ? factor / examples : Double.NaN);
        summary.put(Kernels.SUMMARY_LEFT_RANGE, 0);
    }

    /** {@link Kernels#adamW}. */
    public static void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Stretch> stretches,
            HostValues parameters,
            HostValues gradient,
            HostValues state,
            HostValues summary) {
        double factor = summary.get(Kernels.SUMMARY_FACTOR);
        if (Double.isNaN(factor)) {
            return;
        }
        double[] p = new double[HostValues.RUN];
        double[] g = new double[HostValues.RUN];
        double[] m = new double[HostValues.RUN];
        double[] v = new double[HostValues.RUN];
        boolean finite = true;
        for (AdamW.Stretch stretch : stretches) {
            for (long at = 0; at < stretch.length(); at += HostValues.RUN) {
                int length = (int) Math.min(HostValues.RUN, stretch.length() - at);
                parameters.get(stretch.from() + at, p, length);
                gradient.get(stretch.from() + at, g, length);
                state.get(stretch.first() + at, m, length);
                state.get(stretch.second() + at, v, length);
                for (int i = 0; i < length; i++) {
                    g[i] *= factor;
                }
                rule.direct(g, m, v, length, stretch.steps());
                for (int i = 0; i < length; i++) {
                    p[i] -= learningRate * (g[i] + stretch.weightDecay() * p[i]);
                    finite &= Float.isFinite((float) p[i]);
                }
                state.put(stretch.first() + at, m, length);
                state.put(stretch.second() + at, v, length);
                parameters.put(stretch.from() + at, p, length);
            }
        }
        if (!finite) {
            summary.put(Kernels.SUMMARY_LEFT_RANGE, 1);
        }
    }
}
