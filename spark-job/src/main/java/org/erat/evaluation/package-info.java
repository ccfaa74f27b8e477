/**
 * What a trained adapter is worth: the metrics of its task at every prefix and suffix of its rows, as a Spark job. Start at
 * {@link org.erat.evaluation.Evaluator}; {@link org.erat.evaluation.TextEvaluator} has the metrics of generated text. May use {@code generation} and the packages below it; knows nothing of training.
 */
package org.erat.evaluation;
