/**
 * What an operator sees of a run: names of jobs and stages in Spark's UI, metrics in Spark's metrics system, a line for
 * each lost executor and failed task, and the end of a failed task's log. {@link org.erat.monitoring.Redaction} keeps
 * secrets out of all text. Start at {@link org.erat.monitoring.MetricsPlugin} and {@link org.erat.monitoring.ClusterLog}.
 * May use Spark and {@code org.erat.data}; knows nothing of training but its metrics.
 */
package org.erat.monitoring;
