package org.erat.dl4j;

import java.util.Map;
import java.util.Objects;
import javax.annotation.Nullable;
import org.erat.learner.LearningRate;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * AdamW as Deeplearning4j's updater of one layer. Deeplearning4j's own Adam adds epsilon before the bias correction and
 * takes its age from the iteration, which is wrong where moments start anew in the middle of a run.
 *
 * <p>State: first moments [n], second moments [n], then a count of steps for each part that is updated by itself.
 */
public final class AdamWUpdaterConf implements IUpdater {
    private ISchedule learningRateSchedule;
    private int countsOfArray;
    private String group;

    /** The layer whose parameters are updated; it is not part of the configuration. */
    @Nullable
    private transient UpdatedLayer layer;

    /** For deserialization. */
    public AdamWUpdaterConf() {}

    /**
     * @param group name of the layer's group of parameters, which keeps it apart from other layers' in Deeplearning4j
     * @param countsOfArray counts of steps of each parameter array of the layer
     */
    AdamWUpdaterConf(LearningRate rate, String group, int countsOfArray) {
        this.learningRateSchedule = new LearningRateSchedule(rate);
        this.group = group;
        this.countsOfArray = countsOfArray;
    }

    /** This updater for a layer. */
    AdamWUpdaterConf of(UpdatedLayer updated) {
        AdamWUpdaterConf joined = clone();
        joined.layer = updated;
        return joined;
    }

    @Override
    public long stateSize(long numParams) {
        return 2 * numParams + countsOfArray;
    }

    @Override
    public GradientUpdater<AdamWUpdaterConf> instantiate(INDArray viewArray, boolean initializeViewArray) {
        if (layer == null) {
            throw new IllegalStateException(
                    "This updater serves layers that say which rows have learned, and no others");
        }
        if (initializeViewArray) {
            viewArray.assign(0);
        }
        return new AdamWUpdater(this, layer, viewArray);
    }

    @Override
    public GradientUpdater<AdamWUpdaterConf> instantiate(Map<String, INDArray> state, boolean initializeStateArrays) {
        return instantiate(state.get(AdamWUpdater.STATE), initializeStateArrays);
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return learningRateSchedule.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    @Override
    public void setLrAndSchedule(double lr, ISchedule schedule) {
        if (schedule == null) {
            throw new IllegalArgumentException("The learning rate follows a schedule over the steps of the run");
        }
        this.learningRateSchedule = schedule;
    }

    @Override
    public AdamWUpdaterConf clone() {
        AdamWUpdaterConf copy = new AdamWUpdaterConf();
        copy.learningRateSchedule = learningRateSchedule.clone();
        copy.countsOfArray = countsOfArray;
        copy.group = group;
        copy.layer = layer;
        return copy;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AdamWUpdaterConf that
                && learningRateSchedule.equals(that.learningRateSchedule)
                && countsOfArray == that.countsOfArray
                && group.equals(that.group);
    }

    @Override
    public int hashCode() {
        return Objects.hash(learningRateSchedule, countsOfArray, group);
    }
}
