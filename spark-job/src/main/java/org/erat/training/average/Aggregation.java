package org.erat.training.average;

import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.learner.ParameterLayout;
import org.erat.training.Encoding;
import org.erat.training.RoundState;
import org.erat.training.ShardResult;
import org.erat.training.Slice;

/**
 * How the results of the shards become their average, in the order of the shards. Both ways give the same bits: every
 * value is summed over all shards in their order, wherever that happens.
 */
public interface Aggregation {
    /**
     * Starts the round's Spark job.
     *
     * @param results partition k holds the result of shard k
     * @param round what the round started from
     */
    Job start(JavaRDD<ShardResult> results, Broadcast<RoundState> round);

    /**
     * What averages so many shards.
     *
     * @param parts what is averaged, on the executors
     */
    static Aggregation of(int shards, Broadcast<Parts> parts) {
        return shards <= GatheredAggregation.MOST_SHARDS
                ? new GatheredAggregation(parts.value())
                : new ScatteredAggregation(parts);
    }

    /**
     * What is averaged.
     *
     * @param encoding how it travels, slice by slice
     * @param averaging how a slot is averaged
     */
    record Parts(ParameterLayout layout, Encoding encoding, Averaging averaging) implements Serializable {
        /** In the order in which shards send them. */
        List<Slice> slices() {
            return encoding.slices();
        }
    }

    /** A round's Spark job, running. */
    interface Job {
        long MOST_SECONDS_OF_CANCELLING = 2;

        /** Waits for the average. */
        RoundAverage await();

        /** Gives the round up; when this returns, Spark starts no task of it any more. */
        void cancel();

        /** A job whose collected elements fold into the average. */
        static <T> Job of(JavaFutureAction<List<T>> running, Function<List<T>, RoundAverage> fold) {
            return new Job() {
                @Override
                public RoundAverage await() {
                    try {
                        return fold.apply(running.get());
                    } catch (ExecutionException e) {
                        throw asThrown(e.getCause());
                    } catch (InterruptedException e) {
                        cancel();
                        throw asThrown(e);
                    }
                }

                @Override
                public void cancel() {
                    running.cancel(true);
                    try {
                        running.get(MOST_SECONDS_OF_CANCELLING, TimeUnit.SECONDS);
                    } catch (CancellationException | ExecutionException e) {
                        // As was asked for.
                    } catch (TimeoutException e) {
                        // Spark itself is ending and answers nobody.
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
            };
        }

        /** Spark's own collect() throws checked exceptions too: callers see the same either way. */
        @SuppressWarnings("unchecked")
        private static <E extends Throwable> RuntimeException asThrown(Throwable thrown) throws E {
            throw (E) thrown;
        }
    }
}
