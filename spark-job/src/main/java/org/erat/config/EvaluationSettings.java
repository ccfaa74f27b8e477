package org.erat.config;

import java.io.Serializable;
import java.util.List;

/**
 * What is measured at the end of training and during it.
 *
 * @param prefixes quality with the rows [0, b), b = 1..R
 * @param suffixes quality with the rows [R−b, R), b = 1..R
 * @param batchSize examples of one mini-batch
 * @param threshold probability from which on a label of several is predicted
 * @param everyRounds rounds between two evaluations during training, of which the best chooses the adapter; 0 for none
 * @param ranks b whose mean quality during training says which round is the best, ascending
 */
public record EvaluationSettings(
        boolean prefixes, boolean suffixes, int batchSize, double threshold, int everyRounds, List<Integer> ranks)
        implements Serializable {
    public EvaluationSettings {
        ranks = List.copyOf(ranks);
    }

    /** Whether anything is measured. */
    public boolean measures() {
        return prefixes || duringTraining();
    }

    /** Whether quality is measured during training. */
    public boolean duringTraining() {
        return everyRounds > 0;
    }
}
