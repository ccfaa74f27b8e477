package org.erat.config;

import java.io.Serializable;

/**
 * The course of training.
 *
 * @param epochs passes over the data
 * @param shards parts of the data that train side by side
 * @param batchSize examples of one mini-batch of one shard
 * @param microBatchSize examples of a mini-batch that are worked at a time, 0 for all
 * @param localSteps H, mini-batches of a shard between two averagings
 * @param learningRate highest learning rate
 * @param warmupShare share of the steps over which the learning rate rises from 0, 0..1
 * @param decay course of the learning rate after that
 * @param weightDecay decoupled weight decay of AdamW
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon ε of AdamW
 * @param clipNorm largest global norm of a gradient, 0 for no clipping
 * @param labelSmoothing ε of the cross entropy in training, in [0, 1)
 * @param classWeights by how much the loss of an example counts, by its class
 * @param optimizer rule of the local steps
 * @param optimizerState what becomes of the moments between rounds
 * @param transfer what parameters and moments are rounded to between driver and shards
 * @param averaging how the adapters of shards become one
 * @param outerLearningRate η of the outer step
 * @param outerMomentum Nesterov momentum of the outer step, in [0, 1); 0 for none
 * @param earlyStopping when it ends before its last epoch does
 * @param rollbacks how often a run that diverges goes back to a checkpoint with half the learning rate
 */
public record TrainingSettings(
        int epochs,
        int shards,
        int batchSize,
        int microBatchSize,
        int localSteps,
        double learningRate,
        double warmupShare,
        Decay decay,
        double weightDecay,
        double beta1,
        double beta2,
        double epsilon,
        double clipNorm,
        double labelSmoothing,
        ClassWeights classWeights,
        Optimizer optimizer,
        OptimizerState optimizerState,
        Transfer transfer,
        Averaging averaging,
        double outerLearningRate,
        double outerMomentum,
        EarlyStoppingSettings earlyStopping,
        int rollbacks)
        implements Serializable {
    /** Most examples that are worked at a time. */
    public int examplesAtOnce() {
        return microBatchSize == 0 ? batchSize : Math.min(microBatchSize, batchSize);
    }

    public enum Decay {
        LINEAR,
        COSINE,
        CONSTANT
    }

    public enum Optimizer {
        /** Rows outside the window, and their moments, stay as they are. */
        ADAMW_ROW_LAZY,
        /** All rows move at every step. */
        ADAMW_DENSE,
        SGD
    }

    public enum OptimizerState {
        AVERAGE,
        /** Second moments of a matrix travel as a product of a column and a row. */
        FACTORED,
        RESET
    }

    public enum Transfer {
        F32,
        BF16,
        INT8
    }

    public enum Averaging {
        /** A and B are averaged, each by itself. */
        ROWS,
        /** B·A is averaged, cut to rank R, and written in rows near those of the mean of A. */
        PRODUCT
    }
}
