/**
 * Grids of training runs in one Spark application, and what they show: means over seeds with intervals, and differences
 * from a baseline. Start at {@link org.erat.experiment.Experiment}. May use {@code job} and the rooms below it.
 */
package org.erat.experiment;
