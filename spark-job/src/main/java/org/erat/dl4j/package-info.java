/**
 * Deeplearning4j: a learner as a {@code ComputationGraph} whose layers, output layer and updaters do the work, and
 * dl4j-spark's TrainingMaster and worker over it. Layers, updaters and steps are thin shells of {@code learner}. This is the
 * only package that uses Deeplearning4j. Start at {@link org.erat.dl4j.LearnerGraph}. May use {@code training} and the rooms
 * below it.
 */
package org.erat.dl4j;
