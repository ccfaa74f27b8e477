package org.erat.monitoring;

import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListenerEvent;

/**
 * The metrics of a round, as an event on Spark's listener bus. So they reach {@link MetricsPlugin}, which Spark creates
 * and the job has no reference to.
 *
 * @param round number of the round, from 1
 * @param rounds number of rounds of the run
 * @param examples examples of the round, all shards
 * @param tokens tokens of the round without padding, all shards
 * @param loss mean loss over the examples of the round
 * @param learningRate learning rate of the last step of the round
 * @param meanWidth mean number of active rows of a block and step
 * @param drift aggregation error ‖mean(BA) − BA‖/‖mean(BA)‖ with the averaged B and A
 * @param bytesDown bytes to one worker
 * @param bytesUp bytes from all workers
 * @param seconds duration of the round
 * @param overheadSeconds part of the duration beyond the slowest shard's local steps
 */
public record RoundCompleted(
        int round,
        int rounds,
        long examples,
        long tokens,
        double loss,
        double learningRate,
        double meanWidth,
        double drift,
        long bytesDown,
        long bytesUp,
        double seconds,
        double overheadSeconds)
        implements SparkListenerEvent {

    /** Posts the event to all listeners of the application, which get it asynchronously. */
    public void postTo(SparkContext spark) {
        spark.listenerBus().post(this);
    }

    /** Not in Spark's event log: a history server does not have this class, and the run directory has the metrics. */
    @Override
    public boolean logEvent() {
        return false;
    }
}
