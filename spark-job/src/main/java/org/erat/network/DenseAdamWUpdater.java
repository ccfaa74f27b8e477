package org.erat.network;

import java.util.Map;
import org.erat.compute.HostValues;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/** {@link DenseAdamW} at work on the gradient of a block of parameters. */
final class DenseAdamWUpdater implements GradientUpdater<DenseAdamW> {
    static final String STATE = "dense";

    private final DenseAdamW config;
    private INDArray state;

    DenseAdamWUpdater(DenseAdamW config, INDArray state) {
        this.config = config;
        this.state = state;
    }

    @Override
    public DenseAdamW getConfig() {
        return config;
    }

    @Override
    public void setState(Map<String, INDArray> stateMap, boolean initialize) {
        setStateViewArray(stateMap.get(STATE), null, 'c', initialize);
    }

    @Override
    public Map<String, INDArray> getState() {
        return Map.of(STATE, state);
    }

    @Override
    public void setStateViewArray(INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
        this.state = viewArray;
        if (initialize) {
            state.assign(0);
        }
    }

    /** Turns the gradient [n] into the step to subtract. */
    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
        long n = gradient.length();
        HostValues g = HostValues.of(gradient);
        HostValues s = HostValues.of(state);
        double step = s.get(2 * n) + 1;
        s.put(2 * n, step);
        config.direct(g, s, 0, n, n, step);
        gradient.muli(config.getLearningRate(iteration, epoch));
    }
}
