package org.erat.network;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.indexer.DoubleIndexer;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.bytedeco.javacpp.indexer.Indexer;
import org.erat.adapter.AdapterLayout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/** {@link RowLazyAdamW} at work on the gradient of a whole encoder layer. */
final class RowLazyAdamWUpdater implements GradientUpdater<RowLazyAdamW> {
    static final String STATE = "rowLazy";

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
        double learningRate = config.getLearningRate(iteration, epoch);
        Values g = Values.of(gradient);
        Values p = Values.of(activity.parameters());
        Values s = Values.of(state);
        int rank = activity.layout().rank();
        long counts = 2 * parameters;
        for (AdapterLayout.Slot slot : slots) {
            for (int row = 0; row < rank; row++) {
                boolean active = activity.isActive(slot.block(), row);
                updateRow(
                        g,
                        p,
                        s,
                        slot.rowOfA(row),
                        slot.in(),
                        counts + row,
                        active && !activity.freezesA(),
                        learningRate);
                updateRow(g, p, s, slot.rowOfB(row), slot.out(), counts + rank + row, active, learningRate);
            }
            counts += 2L * rank;
        }
    }

    private void updateRow(
            Values g, Values p, Values s, long from, int length, long count, boolean active, double learningRate) {
        if (!active) {
            for (long i = from; i < from + length; i++) {
                g.put(i, 0);
            }
            return;
        }
        double step = s.get(count) + 1;
        s.put(count, step);
        double beta1 = config.beta1();
        double beta2 = config.beta2();
        double firstCorrection = 1 - Math.pow(beta1, step);
        double secondCorrection = 1 - Math.pow(beta2, step);
        for (long i = from; i < from + length; i++) {
            double gradient = g.get(i);
            double m = beta1 * s.get(i) + (1 - beta1) * gradient;
            double v = beta2 * s.get(parameters + i) + (1 - beta2) * gradient * gradient;
            s.put(i, m);
            s.put(parameters + i, v);
            double direction = m / firstCorrection / (Math.sqrt(v / secondCorrection) + config.epsilon());
            g.put(i, learningRate * (direction + config.weightDecay() * p.get(i)));
        }
    }

    /** Element access to a contiguous array of either type. */
    private interface Values {
        double get(long i);

        void put(long i, double value);

        static Values of(INDArray array) {
            Indexer indexer = array.data().indexer();
            if (indexer instanceof FloatIndexer floats) {
                return new Values() {
                    @Override
                    public double get(long i) {
                        return floats.get(i);
                    }

                    @Override
                    public void put(long i, double value) {
                        floats.put(i, (float) value);
                    }
                };
            }
            DoubleIndexer doubles = (DoubleIndexer) indexer;
            return new Values() {
                @Override
                public double get(long i) {
                    return doubles.get(i);
                }

                @Override
                public void put(long i, double value) {
                    doubles.put(i, value);
                }
            };
        }
    }
}
