package org.erat.training.average;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.awaitility.Awaitility;
import org.erat.training.FakeShards;
import org.erat.training.TestSpark;
import org.erat.training.round.RoundReport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rounds of many shards that have no transformer: what the driver holds and exchanges does not grow with them. */
class ScaleTest {
    /** Bytes of task results by type of task. */
    private static final class Results extends SparkListener {
        final Map<String, Long> bytes = new ConcurrentHashMap<>();
        final Map<String, Integer> tasks = new ConcurrentHashMap<>();

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            bytes.merge(end.taskType(), end.taskMetrics().resultSize(), Long::sum);
            tasks.merge(end.taskType(), 1, Integer::sum);
        }

        /** Waits for the events of so many rounds, which Spark delivers after the job has ended. */
        void await(int shuffleTasks, int resultTasks) {
            Awaitility.await().atMost(1, TimeUnit.MINUTES).untilAsserted(() -> assertThat(tasks)
                    .containsEntry("ShuffleMapTask", shuffleTasks)
                    .containsEntry("ResultTask", resultTasks));
        }
    }

    @Test
    void bytesOfResultsAreThoseOfOneSetOfValuesWhateverTheNumberOfShards() {
        FakeShards fake = FakeShards.of(3, 64, 8);
        long values = 4L * (fake.layout().parameters() + fake.layout().stateLength());
        int slices = fake.parts().slices().size();
        for (int shards : new int[] {20, 60, 180}) {
            Results results = new Results();
            try (SparkSession session = TestSpark.open("local[2]")) {
                session.sparkContext().addSparkListener(results);
                fake.train(JavaSparkContext.fromSparkContext(session.sparkContext()), shards, 1, new ArrayList<>());
                results.await(shards, slices + 1);
            }
            // Beside the averages: what Spark itself says of a task, a few thousand bytes.
            assertThat(results.bytes.get("ResultTask")).isBetween(values / 2, values + (slices + 1) * 8_000L);
            assertThat(results.bytes.get("ShuffleMapTask")).isLessThan(shards * 8_000L);
        }
    }

    @Test
    void fewShardsTakeOneStage() {
        Results results = new Results();
        try (SparkSession session = TestSpark.open("local[2]")) {
            session.sparkContext().addSparkListener(results);
            FakeShards.of(3, 8, 4)
                    .train(
                            JavaSparkContext.fromSparkContext(session.sparkContext()),
                            GatheredAggregation.MOST_SHARDS,
                            2,
                            new ArrayList<>());
            Awaitility.await().atMost(1, TimeUnit.MINUTES).untilAsserted(() -> assertThat(results.tasks)
                    .containsOnly(Map.entry("ResultTask", 2 * GatheredAggregation.MOST_SHARDS)));
        }
    }

    /** The figures of docs/scale.md, which names the command. */
    @Test
    @Tag("scale")
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void simulation() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        System.out.println("values MB  shards  driver heap MB  in MB  out MB  s a round");
        SparkConf executors = TestSpark.executors().set("spark.executor.memory", "3g");
        try (SparkSession cluster = TestSpark.open("local-cluster[2,1,3072]", executors);
                DriverMeter meter = new DriverMeter()) {
            JavaSparkContext spark = JavaSparkContext.fromSparkContext(cluster.sparkContext());
            FakeShards small = FakeShards.of(12, 96, 8);
            FakeShards bertBase = FakeShards.of(12, 768, 8);
            simulate(spark, meter, small, 10);
            for (int shards : new int[] {10, 100, 1_000, 4_000}) {
                simulate(spark, meter, small, shards);
            }
            for (int shards : new int[] {2, 16, 17, 100}) {
                simulate(spark, meter, bertBase, shards);
            }
        }
    }

    private static void simulate(JavaSparkContext spark, DriverMeter meter, FakeShards fake, int shards) {
        int rounds = 2;
        List<RoundReport> reports = new ArrayList<>();
        meter.begin();
        fake.train(spark, shards, rounds, reports);
        long in = meter.bytesIn() / rounds;
        long out = meter.bytesOut() / rounds;
        System.gc();
        System.out.printf(
                Locale.ROOT,
                "%9.2f  %6d  %14.0f  %5.1f  %6.1f  %9.2f%n",
                reports.get(0).bytesDown() / 1e6,
                shards,
                meter.peakHeap() / 1e6,
                in / 1e6,
                out / 1e6,
                reports.get(rounds - 1).seconds());
        assertThat(reports).hasSize(rounds);
    }
}
