package org.erat.config;

import java.io.Serializable;

/**
 * What is measured at the end of training.
 *
 * @param prefixes quality with the rows [0, b), b = 1..R
 * @param suffixes quality with the rows [R−b, R), b = 1..R
 * @param batchSize examples of one mini-batch
 */
public record EvaluationSettings(boolean prefixes, boolean suffixes, int batchSize) implements Serializable {}
