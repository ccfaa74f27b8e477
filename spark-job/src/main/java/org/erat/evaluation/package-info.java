/**
 * What a trained adapter is worth: metrics as GLUE has them, quality at every prefix and suffix of its rows, and
 * predictions, all as Spark jobs. Start at {@code QualityByRank}. May use {@code export} and {@code network} and the
 * rooms below them, and data-prep; knows nothing of training.
 */
package org.erat.evaluation;
