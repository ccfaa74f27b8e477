package org.erat.network;

import java.util.Map;
import java.util.Objects;
import javax.annotation.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * AdamW that touches only the rows that learned in a step: the others keep their values, their moments and their own
 * count of steps for the bias correction. A dense Adam would go on moving rows that got no gradient. Weight decay is
 * decoupled (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2) and belongs to the same rows.
 *
 * <p>State: first moments [n], second moments [n], then one count of steps for each row of each matrix.
 */
public final class RowLazyAdamW extends AdamWRule {
    private double weightDecay;
    private int rank;

    @Nullable
    private transient RowActivity activity;

    /** For deserialization. */
    public RowLazyAdamW() {}

    /**
     * @param schedule learning rate by iteration
     * @param beta1 decay of the first moments, in [0,1)
     * @param beta2 decay of the second moments, in [0,1)
     * @param epsilon added to the root of the second moments, above 0
     * @param weightDecay decoupled, 0 or more
     * @param rank R, rows of each matrix
     */
    public RowLazyAdamW(ISchedule schedule, double beta1, double beta2, double epsilon, double weightDecay, int rank) {
        super(schedule, beta1, beta2, epsilon);
        this.weightDecay = weightDecay;
        this.rank = rank;
    }

    /** This updater for the layer that reports to {@code layerActivity}. */
    RowLazyAdamW joinedTo(RowActivity layerActivity) {
        RowLazyAdamW joined = clone();
        joined.activity = layerActivity;
        return joined;
    }

    double weightDecay() {
        return weightDecay;
    }

    @Override
    public long stateSize(long numParams) {
        return 2 * numParams + rank;
    }

    @Override
    public GradientUpdater<RowLazyAdamW> instantiate(INDArray viewArray, boolean initializeViewArray) {
        if (activity == null) {
            throw new IllegalStateException(
                    "Row-lazy AdamW serves an encoder layer only, which tells it the active rows");
        }
        if (initializeViewArray) {
            viewArray.assign(0);
        }
        return new RowLazyAdamWUpdater(this, activity, viewArray);
    }

    @Override
    public GradientUpdater<RowLazyAdamW> instantiate(Map<String, INDArray> state, boolean initializeStateArrays) {
        return instantiate(state.get(RowLazyAdamWUpdater.STATE), initializeStateArrays);
    }

    @Override
    public RowLazyAdamW clone() {
        return (RowLazyAdamW) super.clone();
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other)
                && other instanceof RowLazyAdamW that
                && weightDecay == that.weightDecay
                && rank == that.rank;
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), weightDecay, rank);
    }
}
