/**
 * One training step's parts on any device: the specification of a run's learner, the layout of parameters and optimizer
 * state, the optimizer, and the steps. Start at {@link org.erat.learner.Learner}. Knows nothing of Spark or
 * Deeplearning4j. May use {@code head}, {@code method}, {@code model}, {@code adapter}, {@code compute}, {@code config} and
 * data-prep.
 */
package org.erat.learner;
