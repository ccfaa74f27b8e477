package org.erat.job;

import java.util.Optional;
import org.erat.evaluation.Evaluation;
import org.erat.export.TrainedAdapter;

/**
 * What a run has come to.
 *
 * @param adapter with all its rows
 * @param evaluation metrics at every rank; empty where the run was not to measure them
 * @param totals of all its rounds
 */
public record RunOutcome(TrainedAdapter adapter, Optional<Evaluation> evaluation, RunTotals totals) {}
