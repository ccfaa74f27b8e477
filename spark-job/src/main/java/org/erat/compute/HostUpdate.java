package org.erat.compute;

import java.util.List;
import java.util.function.Function;

/**
 * {@link Update} where tensors are in host memory: loops over runs of values, in double precision. Every result is rounded
 * once to the dtype of its tensor, and so is the direction of AdamW before weight decay is added to it.
 */
public final class HostUpdate implements Update {
    private final Function<Tensor, HostValues> values;

    /** @param values of a dense vector in {@link Memory#single} */
    public HostUpdate(Function<Tensor, HostValues> values) {
        this.values = values;
    }

    @Override
    public void clip(Tensor losses, Tensor gradient, double maxNorm, Tensor summary) {
        Shapes.checkClip(losses, gradient, summary);
        long n = gradient.shape()[0];
        HostValues g = values.apply(gradient);
        double loss = mean(values.apply(losses), losses.shape()[0]);
        double norm = norm(g, n);
        boolean finite = Double.isFinite(loss) && Double.isFinite(norm);
        if (finite && maxNorm > 0 && norm > maxNorm) {
            scale(g, n, g.round(maxNorm / norm));
        }
        HostValues s = values.apply(summary);
        s.put(LOSS, loss);
        s.put(NORM, norm);
        s.put(FINITE, finite ? 1 : 0);
        s.put(OVERFLOW, 0);
    }

    private static double mean(HostValues values, long count) {
        double sum = 0;
        for (long i = 0; i < count; i++) {
            sum += values.get(i);
        }
        return sum / count;
    }

    private static double norm(HostValues values, long count) {
        double squares = 0;
        double[] run = new double[HostValues.RUN];
        for (long at = 0; at < count; at += run.length) {
            int length = (int) Math.min(run.length, count - at);
            values.get(at, run, length);
            for (int i = 0; i < length; i++) {
                squares += run[i] * run[i];
            }
        }
        return Math.sqrt(squares);
    }

    private static void scale(HostValues values, long count, double factor) {
        double[] run = new double[HostValues.RUN];
        for (long at = 0; at < count; at += run.length) {
            int length = (int) Math.min(run.length, count - at);
            values.get(at, run, length);
            for (int i = 0; i < length; i++) {
                run[i] *= factor;
            }
            values.put(at, run, length);
        }
    }

    @Override
    public void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Segment> segments,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary) {
        Shapes.checkAdamW(segments, parameters, gradient, state, summary);
        HostValues ofSummary = values.apply(summary);
        if (ofSummary.get(FINITE) == 0) {
            return;
        }
        Step step = new Step(rule, learningRate, values.apply(parameters), values.apply(gradient), values.apply(state));
        segments.forEach(step::segment);
        if (!step.finite) {
            ofSummary.put(OVERFLOW, 1);
        }
    }

    /** One step over parameters, gradient and state. */
    private static final class Step {
        private final AdamW rule;
        private final double learningRate;
        private final HostValues parameters;
        private final HostValues gradient;
        private final HostValues state;
        private final double[] p = new double[HostValues.RUN];
        private final double[] g = new double[HostValues.RUN];
        private final double[] m = new double[HostValues.RUN];
        private final double[] v = new double[HostValues.RUN];
        private boolean finite = true;

        Step(AdamW rule, double learningRate, HostValues parameters, HostValues gradient, HostValues state) {
            this.rule = rule;
            this.learningRate = learningRate;
            this.parameters = parameters;
            this.gradient = gradient;
            this.state = state;
        }

        void segment(AdamW.Segment segment) {
            for (long at = 0; at < segment.length(); at += HostValues.RUN) {
                int length = (int) Math.min(HostValues.RUN, segment.length() - at);
                long first = segment.from() + at;
                parameters.get(first, p, length);
                gradient.get(first, g, length);
                state.get(segment.first() + at, m, length);
                state.get(segment.second() + at, v, length);
                rule.direct(g, m, v, length, segment.steps());
                gradient.round(g, length);
                for (int i = 0; i < length; i++) {
                    g[i] = learningRate * (g[i] + segment.weightDecay() * p[i]);
                }
                gradient.round(g, length);
                for (int i = 0; i < length; i++) {
                    p[i] -= g[i];
                }
                finite &= parameters.areFinite(p, length);
                state.put(segment.first() + at, m, length);
                state.put(segment.second() + at, v, length);
                gradient.put(first, g, length);
            }
        }
    }
}
