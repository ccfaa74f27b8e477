package org.erat.training.average;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.erat.adapter.AdapterLayout;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.training.FakeShards;
import org.erat.training.RoundState;
import org.erat.training.ShardResult;
import org.erat.training.SharedValues;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The average of a round over shards that move random rows. */
class AggregationTest {
    private static SparkSession session;
    private static JavaSparkContext spark;
    private FakeShards shards = FakeShards.of(3, 8, 4);

    @BeforeAll
    static void start() {
        session = TestSpark.open("local[2,2]");
        spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private RoundAverage gathered(int count) {
        return gathered(count, Averaging.ROWS);
    }

    private RoundAverage gathered(int count, Averaging averaging) {
        return new GatheredAggregation(shards.parts(averaging)).average(before(), results(count));
    }

    private RoundState state() {
        return shards.rounds(2).start(shards.start(), shards.encoding());
    }

    private SharedValues before() {
        return state().values(shards.encoding());
    }

    private List<ShardResult> results(int count) {
        List<ShardResult> results = new ArrayList<>();
        for (int k = 0; k < count; k++) {
            results.add(shards.run(k, state(), List.of(k).iterator()));
        }
        return results;
    }

    private RoundAverage scattered(int count, Averaging averaging) {
        return scattered(count, averaging, false);
    }

    /** @param retried whether the task of every third shard fails and runs again */
    private RoundAverage scattered(int count, Averaging averaging, boolean retried) {
        RoundState state = state();
        FakeShards work = shards;
        Broadcast<Aggregation.Parts> parts = spark.broadcast(work.parts(averaging));
        // More partitions than shards would be empty, fewer would hold several: one each.
        JavaRDD<ShardResult> results = spark.parallelize(
                        java.util.stream.IntStream.range(0, count).boxed().toList(), count)
                .map(k -> {
                    if (retried && k % 3 == 0 && TaskContext.get().attemptNumber() == 0) {
                        throw new IllegalStateException("this task is to run again");
                    }
                    return work.run(k, state, List.of(k).iterator());
                });
        return new ScatteredAggregation(parts)
                .start(results, spark.broadcast(state))
                .await();
    }

    @ParameterizedTest
    @CsvSource({
        "ROWS, AVERAGE, F32",
        "PRODUCT, AVERAGE, F32",
        "ROWS, AVERAGE, INT8",
        "ROWS, FACTORED, BF16",
        "PRODUCT, FACTORED, INT8"
    })
    void gatheredAndScatteredGiveTheSameBits(Averaging averaging, OptimizerState optimizerState, Transfer transfer) {
        shards = shards.sent(optimizerState, transfer);
        for (int count : new int[] {1, 2, 17, 40}) {
            RoundAverage gathered = gathered(count, averaging);
            RoundAverage scattered = scattered(count, averaging);

            assertThat(scattered.values().parameters())
                    .containsExactly(gathered.values().parameters());
            assertThat(scattered.values().optimizer())
                    .containsExactly(gathered.values().optimizer());
            assertThat(scattered.moved()).containsExactly(gathered.moved());
            assertThat(scattered.totals())
                    .usingRecursiveComparison()
                    .ignoringFields("slowestNanos")
                    .isEqualTo(gathered.totals());
            // Of sums in double of a few thousand products, in another order.
            double drift = gathered.drift().getAsDouble();
            if (drift > 1e-4) {
                assertThat(scattered.drift().getAsDouble()).isCloseTo(drift, within(1e-9));
            } else {
                // The root of a rounding error is larger than the error.
                assertThat(Math.pow(scattered.drift().getAsDouble(), 2)).isCloseTo(drift * drift, within(1e-13));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Averaging.class)
    void theBitsDoNotDependOnHowOftenTasksRun(Averaging averaging) {
        RoundAverage once = scattered(20, averaging);
        RoundAverage retried = scattered(20, averaging, true);

        assertThat(retried.values().parameters()).containsExactly(once.values().parameters());
        assertThat(retried.values().optimizer()).containsExactly(once.values().optimizer());
        assertThat(retried.drift().getAsDouble()).isEqualTo(once.drift().getAsDouble());
    }

    /** η·Σ_k (n_k / Σ_j n_j)·Δ_k by row and Σ_k (c_k / Σ_j c_j)·Δ_k for the head, worked out from the rule itself. */
    @Test
    void followsTheRuleOfTheAverage() {
        int count = 5;
        List<ShardResult> results = results(count);
        SharedValues before = before();
        RoundAverage average = gathered(count);
        AdapterLayout adapters = shards.layout().adapters();
        List<float[]> after = results.stream()
                .map(result -> before.parametersOf(result, shards.encoding()))
                .toList();
        for (int i = 0; i < before.parameters().length; i++) {
            double sum = 0;
            double weights = 0;
            for (int k = 0; k < count; k++) {
                double weight = weight(results.get(k), adapters, i);
                weights += weight;
                sum += weight * ((double) after.get(k)[i] - before.parameters()[i]);
            }
            double expected = before.parameters()[i] + (weights == 0 ? 0 : sum / weights);
            // One rounding to float of a value below 2.
            assertThat((double) average.values().parameters()[i]).isCloseTo(expected, within(1.2e-7));
            assertThat(average.moved()[i]).isEqualTo(weights > 0);
        }
    }

    private static double weight(ShardResult result, AdapterLayout adapters, int index) {
        for (AdapterLayout.Slot slot : adapters.slots()) {
            if (index >= slot.offset() && index < slot.offset() + slot.length()) {
                int row = index < slot.rowOfB(0)
                        ? (int) (index - slot.rowOfA(0)) / slot.in()
                        : (int) (index - slot.rowOfB(0)) / slot.out();
                return result.rowWeights()[slot.index()][row];
            }
        }
        return result.targets();
    }

    @Test
    void theAverageOfOneShardIsThatShard() {
        ShardResult only = results(1).get(0);

        RoundAverage average = gathered(1);

        assertThat(average.values().parameters()).containsExactly(before().parametersOf(only, shards.encoding()));
        assertThat(average.drift().getAsDouble()).isLessThan(1e-6);
    }
}
