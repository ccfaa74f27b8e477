/**
 * What an operator sees: names of jobs and stages in Spark's UI, a run's figures in Spark's metrics system, the end of a
 * failed task's log; and what nobody sees, the secrets of a configuration. May use Spark and {@code org.erat.data}; knows
 * nothing of training but its figures.
 */
package org.erat.monitoring;
