package org.erat.network;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * AdamW over all values at every step, without the weight decay, which {@link DecoupledWeightDecay} adds afterwards.
 *
 * <p>State of a block of n values in k arrays: first moments [n], second moments [n], then k numbers of which the first
 * is the count of steps. (Deeplearning4j asks for the size of the state array by array.)
 */
public final class DenseAdamW extends AdamWRule {
    /** Values of the state beside the moments, for each parameter array. */
    public static final int COUNTS_PER_ARRAY = 1;

    /** For deserialization. */
    public DenseAdamW() {}

    /**
     * @param schedule learning rate by iteration
     * @param beta1 decay of the first moments, in [0,1)
     * @param beta2 decay of the second moments, in [0,1)
     * @param epsilon added to the root of the second moments, above 0
     */
    public DenseAdamW(ISchedule schedule, double beta1, double beta2, double epsilon) {
        super(schedule, beta1, beta2, epsilon);
    }

    @Override
    public long stateSize(long numParams) {
        return 2 * numParams + COUNTS_PER_ARRAY;
    }

    @Override
    public GradientUpdater<DenseAdamW> instantiate(INDArray viewArray, boolean initializeViewArray) {
        if (initializeViewArray) {
            viewArray.assign(0);
        }
        return new DenseAdamWUpdater(this, viewArray);
    }

    @Override
    public GradientUpdater<DenseAdamW> instantiate(Map<String, INDArray> state, boolean initializeStateArrays) {
        return instantiate(state.get(DenseAdamWUpdater.STATE), initializeStateArrays);
    }

    @Override
    public DenseAdamW clone() {
        return (DenseAdamW) super.clone();
    }
}
