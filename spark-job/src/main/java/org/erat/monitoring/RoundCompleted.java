package org.erat.monitoring;

import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListenerEvent;

/**
 * The figures of a round, on Spark's own bus: whoever listens there learns of it, such as {@link MetricsPlugin}, which
 * Spark makes and the job cannot reach.
 *
 * @param round number, from 1
 * @param rounds of the whole run
 * @param examples in the round, all shards
 * @param tokens in the round without padding, all shards
 * @param loss mean over the examples of the round
 * @param learningRate at the last step of the round
 * @param meanWidth mean number of active rows of a block and step
 * @param drift of the average, see the training room
 * @param bytesDown to one worker
 * @param bytesUp from all workers
 * @param seconds of the whole round
 * @param overheadSeconds of it beyond the slowest shard's local steps
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

    /** Tells all listeners of the application, soon. */
    public void postTo(SparkContext spark) {
        spark.listenerBus().post(this);
    }

    /** A history server need not know this class; the run directory has the figures for good. */
    @Override
    public boolean logEvent() {
        return false;
    }
}
