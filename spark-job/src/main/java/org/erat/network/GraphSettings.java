package org.erat.network;

import org.erat.config.TrainingSettings;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What a graph needs beside its encoder.
 *
 * @param outputs classes, or 1 for a regression
 * @param regression whether the output is a number (mean squared error) and not a class (cross-entropy)
 * @param training optimizer and learning rate
 * @param totalSteps T, local steps of the run
 * @param dataType FLOAT, or DOUBLE for numerical checks
 */
public record GraphSettings(
        int outputs, boolean regression, TrainingSettings training, long totalSteps, DataType dataType) {

    /** The settings of a run on a data set. */
    public static GraphSettings of(TrainingSettings training, Manifest data, long totalSteps) {
        return new GraphSettings(
                data.outputs(), data.type() == TaskType.REGRESSION, training, totalSteps, DataType.FLOAT);
    }

    /** Learning rate by local step. */
    public WarmupDecay learningRate() {
        return new WarmupDecay(
                training.learningRate(), Math.round(training.warmupShare() * totalSteps), totalSteps, training.decay());
    }
}
