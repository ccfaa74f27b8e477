/**
 * Trained adapters in use: the outputs of mini-batches at several selections of rows, shards of a data set, predictions as
 * JSON lines. Start at {@link org.erat.inference.Predictor}. May use {@code export}, {@code learner} and the packages
 * below them; knows nothing of training.
 */
package org.erat.inference;
