package org.erat.evaluation;

import org.erat.config.RowOrder;

/**
 * The smallest rank that is not worse than the best one by more than one standard error of that one's metric (Breiman,
 * Friedman, Stone and Olshen, "Classification and regression trees", 1984).
 *
 * @param rank b
 * @param order the order of the rows that is better at this rank
 * @param standardError of the metric at the best rank, by the bootstrap over examples
 */
public record Recommendation(int rank, RowOrder order, double standardError) {}
