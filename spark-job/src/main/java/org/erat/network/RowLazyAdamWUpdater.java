package org.erat.network;

import java.util.List;
import java.util.Map;
import org.erat.adapter.AdapterLayout;
import org.erat.compute.HostValues;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/** {@link RowLazyAdamW} at work on the gradient of a whole encoder layer. */
final class RowLazyAdamWUpdater implements GradientUpdater<RowLazyAdamW> {
    static final String STATE = "rowLazy";

    private static final double[] ZEROS = new double[HostValues.RUN];

    private final RowLazyAdamW config;
    private final RowActivity activity;
    private final List<AdapterLayout.Slot> slots;
    private final long parameters;
    private INDArray state;

    RowLazyAdamWUpdater(RowLazyAdamW config, RowActivity activity, INDArray state) {
        this.config = config;
        this.activity = activity;
        this.slots = activity.layout().slots();
        this.parameters = activity.layout().length();
        adopt(state);
    }

    private void adopt(INDArray view) {
        long expected = 2 * parameters + 2L * slots.size() * activity.layout().rank();
        if (view.length() != expected) {
            throw new IllegalArgumentException("Optimizer state of " + view.length() + " values where the layer's "
                    + parameters + " parameters need " + expected);
        }
        this.state = view;
    }

    @Override
    public RowLazyAdamW getConfig() {
        return config;
    }

    @Override
    public void setState(Map<String, INDArray> stateMap, boolean initialize) {
        adopt(stateMap.get(STATE));
        if (initialize) {
            state.assign(0);
        }
    }

    @Override
    public Map<String, INDArray> getState() {
        return Map.of(STATE, state);
    }

    @Override
    public void setStateViewArray(INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
        adopt(viewArray);
        if (initialize) {
            state.assign(0);
        }
    }

    /** Turns the gradient [n] into the step to subtract, zero for rows that did not learn. */
    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
        Step step = new Step(
                HostValues.of(gradient),
                HostValues.of(activity.parameters()),
                HostValues.of(state),
                config.getLearningRate(iteration, epoch));
        int rank = activity.layout().rank();
        long counts = 2 * parameters;
        for (AdapterLayout.Slot slot : slots) {
            for (int row = 0; row < rank; row++) {
                boolean active = activity.isActive(slot.block(), row);
                step.row(slot.rowOfA(row), slot.in(), counts + row, active && !activity.freezesA());
                step.row(slot.rowOfB(row), slot.out(), counts + rank + row, active);
            }
            counts += 2L * rank;
        }
    }

    /** One step over gradient, parameters and state. */
    private final class Step {
        private final HostValues gradient;
        private final HostValues values;
        private final HostValues moments;
        private final double learningRate;
        private final double[] direction = new double[HostValues.RUN];
        private final double[] parameter = new double[HostValues.RUN];

        Step(HostValues gradient, HostValues values, HostValues moments, double learningRate) {
            this.gradient = gradient;
            this.values = values;
            this.moments = moments;
            this.learningRate = learningRate;
        }

        void row(long from, int length, long count, boolean active) {
            if (active) {
                double steps = moments.get(count) + 1;
                moments.put(count, steps);
                config.direct(gradient, moments, from, length, parameters, steps);
            }
            for (long at = from; at < from + length; at += HostValues.RUN) {
                int run = (int) Math.min(HostValues.RUN, from + length - at);
                if (active) {
                    decay(at, run);
                } else {
                    gradient.put(at, ZEROS, run);
                }
            }
        }

        private void decay(long at, int run) {
            gradient.get(at, direction, run);
            values.get(at, parameter, run);
            for (int i = 0; i < run; i++) {
                direction[i] = learningRate * (direction[i] + config.weightDecay() * parameter[i]);
            }
            gradient.put(at, direction, run);
        }
    }
}
