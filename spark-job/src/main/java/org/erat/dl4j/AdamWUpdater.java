package org.erat.dl4j;

import java.nio.Buffer;
import java.util.List;
import java.util.Map;
import org.erat.compute.AdamW;
import org.erat.compute.HostTensor;
import org.erat.compute.HostValues;
import org.erat.compute.Memory;
import org.erat.compute.Tensor;
import org.erat.compute.Update;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/** {@link AdamWUpdaterConf} at work on the gradient of one layer, by the layer's own kernels. */
final class AdamWUpdater implements GradientUpdater<AdamWUpdaterConf> {
    static final String STATE = "adamw";

    private final AdamWUpdaterConf config;
    private final UpdatedLayer layer;
    private INDArray state;

    AdamWUpdater(AdamWUpdaterConf config, UpdatedLayer layer, INDArray state) {
        this.config = config;
        this.layer = layer;
        this.state = state;
    }

    @Override
    public AdamWUpdaterConf getConfig() {
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

    /** Turns the gradient [n] into the step to subtract; where no part is updated it is zero and stays so. */
    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
        long parameters = gradient.length();
        Buffer stateValues = HostArrays.of(state);
        HostValues counts = HostValues.of(stateValues, 0);
        List<AdamW.Segment> segments = layer.segments(part -> {
            long at = 2 * parameters + part;
            counts.put(at, counts.get(at) + 1);
            return counts.get(at);
        });
        Memory memory = layer.kernels().memory();
        try (HostTensor values = HostTensor.read(memory, HostArrays.of(layer.params()), parameters);
                HostTensor steps = HostTensor.write(memory, HostArrays.of(gradient), parameters);
                HostTensor moments = HostTensor.write(memory, stateValues, state.length());
                Tensor summary = memory.allocateSingle(Update.SUMMARY)) {
            layer.kernels().pointwise().fill(summary, 1);
            layer.kernels()
                    .update()
                    .adamW(
                            layer.spec().optimizer().rule(),
                            config.getLearningRate(iteration, epoch),
                            segments,
                            values.tensor(),
                            steps.tensor(),
                            moments.tensor(),
                            summary);
        }
    }
}
