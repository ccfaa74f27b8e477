/**
 * The transformer as a Deeplearning4j graph: an encoder layer whose only parameters are the low-rank matrices, heads,
 * updaters and learning-rate schedules; and its training steps, Deeplearning4j's or, on a GPU, steps that stay there. {@code ComputationGraph.params()} is exactly what crosses the network. May use
 * {@code model}, {@code adapter}, {@code compute}, {@code schedule}, {@code config} and data-prep.
 */
package org.erat.network;
