package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.erat.training.round.RoundReport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a round costs beyond its local steps, with as many adapter, head and optimizer values as BERT-base has (10.6 MB) on
 * two executors. The encoder under them is narrow, so that the steps are short. Prints; what it asserts is the size.
 */
@Tag("scale")
class RoundOverheadTest {
    private static final int ROUNDS = 40;
    private static final int WARM_UP = 10;

    @TempDir
    private Path folder;

    @Test
    void ofABertBaseOnTwoExecutors() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(12, 768)))
                .on(DeviceChoice.CPU, Precision.F32);
        tiny.clipNorm = 1;
        tiny.rank = 8;
        tiny.outputs = 2;
        tiny.totalSteps = ROUNDS;
        TinyRun run = new TinyRun(tiny);
        run.epochs = 1;
        run.batchSize = 2;
        run.localSteps = 1;
        run.examplesOfShard = ROUNDS * run.batchSize;
        try (SparkSession cluster =
                TestSpark.open("local-cluster[2,1,2048]", TestSpark.executors().set("spark.executor.memory", "2g"))) {
            Tasks tasks = new Tasks();
            cluster.sparkContext().addSparkListener(tasks);
            List<RoundReport> reports = run.train(cluster).reports();

            assertThat(reports.get(0).bytesDown()).isBetween(10_600_000L, 10_700_000L);
            show(reports, tasks);
        }
    }

    private static void show(List<RoundReport> reports, Tasks tasks) {
        line("overhead of a round", reports.stream().mapToDouble(r -> 1e3 * r.overheadSeconds()));
        line("whole round", reports.stream().mapToDouble(r -> 1e3 * r.seconds()));
        for (String part : Tasks.PARTS) {
            int column = List.of(Tasks.PARTS).indexOf(part);
            line("task: " + part, tasks.rows.stream().mapToDouble(row -> row[column]));
        }
    }

    private static void line(String name, java.util.stream.DoubleStream milliseconds) {
        double[] values = milliseconds.skip(WARM_UP).sorted().toArray();
        System.out.printf(
                Locale.ROOT,
                "%-40s median %7.1f ms, least %7.1f, most %7.1f%n",
                name,
                values[values.length / 2],
                values[0],
                Arrays.stream(values).max().orElse(0));
    }

    /** What Spark says of the tasks, in their order of ending. */
    private static final class Tasks extends SparkListener {
        static final String[] PARTS = {
            "launch to end",
            "deserialize",
            "run (fetch of the broadcast, steps)",
            "serialize result",
            "fetch result",
            "bytes of result / 1e6"
        };
        final List<double[]> rows = new ArrayList<>();

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            rows.add(new double[] {
                end.taskInfo().duration(),
                end.taskMetrics().executorDeserializeTime(),
                end.taskMetrics().executorRunTime(),
                end.taskMetrics().resultSerializationTime(),
                end.taskInfo().gettingResult()
                        ? end.taskInfo().finishTime() - end.taskInfo().gettingResultTime()
                        : 0,
                end.taskMetrics().resultSize() / 1e6
            });
        }
    }
}
