/**
 * The job in Spark ML: estimators over DataFrames and their models, for pipelines and searches in the caller's own session.
 * Start at {@link org.erat.ml.AdapterEstimator}. May use {@code job} and the rooms below it; nothing uses it.
 */
package org.erat.ml;
