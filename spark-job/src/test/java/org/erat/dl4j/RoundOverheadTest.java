package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.TaskCompletionListener;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.tokenized.Batch;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.erat.training.round.RoundReport;
import org.erat.training.round.SkippingIterator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a round costs beyond its local steps, with as many adapter, head and optimizer values as BERT-base has on two
 * executors, and where the time goes: moments of the driver and of the executors on one clock, which they share. The
 * encoder under them is narrow, so that the steps are short. Prints; what it asserts is the size.
 */
@Tag("scale")
class RoundOverheadTest {
    private static final int ROUNDS = 60;
    private static final int WARM_UP = 20;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"F32, AVERAGE, 10646076", "INT8, FACTORED, 1856698"})
    void ofABertBaseOnTwoExecutors(Transfer transfer, OptimizerState optimizerState, long bytes) throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(12, 768)))
                .on(DeviceChoice.CPU, Precision.F32);
        tiny.clipNorm = 1;
        tiny.rank = 8;
        tiny.outputs = 2;
        tiny.totalSteps = ROUNDS;
        TinyRun run = new TinyRun(tiny);
        run.transfer = transfer;
        run.optimizerState = optimizerState;
        run.epochs = 1;
        run.batchSize = 2;
        run.localSteps = 1;
        run.examplesOfShard = ROUNDS * run.batchSize;
        Moments moments = new Moments();
        String ofExecutors = folder.resolve("moments").toString();
        run.disturbance = batches -> batches.mapPartitionsWithIndex(
                (shard, ofShard) -> new Noting(ofShard, Path.of(ofExecutors + "-" + shard)), true);
        try (SparkSession cluster =
                TestSpark.open("local-cluster[2,1,2048]", TestSpark.executors().set("spark.executor.memory", "2g"))) {
            cluster.sparkContext().addSparkListener(moments);
            List<RoundReport> reports = run.train(cluster).reports();

            assertThat(reports.get(0).bytesDown()).isEqualTo(bytes);
            System.out.println(
                    transfer + ", " + optimizerState + ": ms, median and least of " + (ROUNDS - WARM_UP) + " rounds");
            line("overhead of a round", reports.stream().map(r -> 1e3 * r.overheadSeconds()));
            line("whole round", reports.stream().map(r -> 1e3 * r.seconds()));
            line(
                    "local steps of the slowest shard",
                    reports.stream().map(r -> 1e3 * (r.seconds() - r.overheadSeconds())));
        }
        for (int shard = 0; shard < run.shards; shard++) {
            for (String line : Files.readAllLines(Path.of(ofExecutors + "-" + shard))) {
                String[] cells = line.split(" ", -1);
                moments.note(Integer.parseInt(cells[0]), cells[1], Long.parseLong(cells[2]));
            }
        }
        moments.show();
    }

    private static void line(String name, Stream<Double> milliseconds) {
        double[] values =
                milliseconds.skip(WARM_UP).mapToDouble(ms -> ms).sorted().toArray();
        System.out.printf(Locale.ROOT, "%-60s %7.1f %7.1f%n", name, values[values.length / 2], values[0]);
    }

    /** Mini-batches of a task that notes when its code begins, when its steps begin and when its code has ended. */
    private static final class Noting implements SkippingIterator<Batch> {
        private final Iterator<Batch> batches;
        private final Path file;
        private boolean begun;

        Noting(Iterator<Batch> batches, Path file) {
            this.batches = batches;
            this.file = file;
            note("code");
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> note("coded"));
        }

        private void note(String moment) {
            try {
                Files.writeString(
                        file,
                        TaskContext.get().stageId() + " " + moment + " " + System.currentTimeMillis() + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void skip(int count) {
            SkippingIterator.skip(batches, count);
        }

        @Override
        public boolean hasNext() {
            if (!begun) {
                note("steps");
                begun = true;
            }
            return batches.hasNext();
        }

        @Override
        public Batch next() {
            return batches.next();
        }
    }

    /** The latest of both shards, by round. */
    private static final class Moments extends SparkListener {
        private static final String[][] PARTS = {
            {"ended before", "job", "average, outer step, values encoded and stored"},
            {"job", "stage", "job submitted"},
            {"stage", "launched", "stage submitted, tasks serialized"},
            {"launched", "code", "task sent, fetched and deserialized"},
            {"code", "steps", "values fetched and decoded, graph set to them"},
            {"steps", "coded", "local steps, result encoded"},
            {"coded", "task ended", "result serialized, sent and deserialized"},
            {"task ended", "ended", "job ended"},
        };
        private final Map<Integer, Map<String, Long>> byStage = new ConcurrentHashMap<>();

        void note(int stage, String moment, long millis) {
            byStage.computeIfAbsent(stage, any -> new TreeMap<>()).merge(moment, millis, Math::max);
        }

        void show() {
            List<Map<String, Long>> rounds = new ArrayList<>(new TreeMap<>(byStage).values());
            for (int round = 1; round < rounds.size(); round++) {
                rounds.get(round).put("ended before", rounds.get(round - 1).get("ended"));
            }
            for (String[] part : PARTS) {
                line(part[2], rounds.stream().skip(1).map(round -> (double) (round.get(part[1]) - round.get(part[0]))));
            }
        }

        @Override
        public void onJobStart(SparkListenerJobStart start) {
            note(start.stageInfos().head().stageId(), "job", start.time());
        }

        @Override
        public void onJobEnd(SparkListenerJobEnd end) {
            // One stage a job, and no other jobs.
            note(end.jobId(), "ended", end.time());
        }

        @Override
        public void onStageSubmitted(SparkListenerStageSubmitted stage) {
            note(stage.stageInfo().stageId(), "stage", (long)
                    (Long) stage.stageInfo().submissionTime().get());
        }

        @Override
        public void onTaskStart(SparkListenerTaskStart start) {
            note(start.stageId(), "launched", start.taskInfo().launchTime());
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            note(end.stageId(), "task ended", end.taskInfo().finishTime());
        }
    }
}
