package org.erat.experiment;

import org.erat.config.Grid;
import org.erat.evaluation.Evaluation;

/**
 * A run that has finished.
 *
 * @param trainingSeconds of its rounds
 */
record TrialResult(Grid.Trial trial, Evaluation evaluation, double trainingSeconds) {}
