package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.commons.lang3.ArrayUtils;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.awaitility.Awaitility;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.tokenized.Batch;
import org.erat.dl4j.TinyLearners;
import org.erat.dl4j.TinyRun;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Executors in processes of their own, with Kryo between them: neither their number nor their pace nor where the base model
 * comes from changes a bit.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LocalClusterTest {
    private static final int SHARDS = 2;

    @TempDir
    private static Path folder;

    private static TinyProject project;
    private static TinyRun.Outcome undisturbed;
    private static SparkSession cluster;

    @BeforeAll
    static void trainInThisProcessAndStartACluster() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        try (SparkSession oneCore = TestSpark.open("local[1]")) {
            project = TinyProject.prepare(oneCore, folder);
            submit(oneCore, "one core");
            undisturbed = rounds().train(oneCore);
        }
        try (SparkSession twoCores = TestSpark.open("local[2]")) {
            submit(twoCores, "two cores");
        }
        SparkConf conf = TestSpark.executors()
                .set("spark.hadoop." + GuardedFileSystem.CLASS_SETTING, GuardedFileSystem.class.getName())
                .set("spark.hadoop." + GuardedFileSystem.KEY_SETTING, GuardedFileSystem.KEY);
        cluster = TestSpark.open("local-cluster[2,1,1024]", conf);
    }

    @AfterAll
    static void stop() {
        cluster.stop();
    }

    private static void submit(SparkSession session, String name, String... overrides) {
        String[] measured =
                ArrayUtils.addAll(new String[] {"evaluation.every-rounds=2", "evaluation.ranks=[2, 4]"}, overrides);
        new TrainingRun(session, project.job(measured), Watching.toTheEnd())
                .run(folder.resolve(name).toString(), false);
    }

    /** What was measured during training. */
    private static List<JsonNode> measured(String run) throws IOException {
        List<JsonNode> measured = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(run).resolve("metrics.jsonl"))) {
            measured.add(new ObjectMapper().readTree(line).path("validation"));
        }
        return measured;
    }

    private static Map<String, byte[]> adapter(String run) {
        return TinyProject.bytesOf(folder.resolve(run).resolve("adapter"));
    }

    @Test
    void aRunOnTwoCoresOrTwoExecutorsIsTheOneOnOneCore() throws IOException {
        submit(cluster, "two executors");

        assertThat(measured("one core"))
                .hasSize(TinyProject.ROUNDS)
                .filteredOn(round -> !round.isMissingNode())
                .hasSize(TinyProject.ROUNDS / 2);
        assertThat(adapter("one core")).containsKeys("adapter_model.safetensors", "head.safetensors");
        for (String other : List.of("two cores", "two executors")) {
            assertThat(adapter(other)).as(other).containsExactlyInAnyOrderEntriesOf(adapter("one core"));
            assertThat(folder.resolve(other).resolve("evaluation.json"))
                    .hasSameBinaryContentAs(folder.resolve("one core/evaluation.json"));
            assertThat(measured(other)).as(other).isEqualTo(measured("one core"));
        }
    }

    /** From a file system that only {@code spark.hadoop.*} settings open. */
    @Test
    void executorsFetchBaseWeightsWithTheHadoopSettingsOfTheJob() {
        submit(cluster, "remote", "model.path=" + GuardedFileSystem.SCHEME + "://" + project.model());

        for (String tensors : List.of("adapter_model.safetensors", "head.safetensors")) {
            assertThat(adapter("remote").get(tensors))
                    .isEqualTo(adapter("one core").get(tensors));
        }
        assertThat(folder.resolve("remote/evaluation.json"))
                .hasSameBinaryContentAs(folder.resolve("one core/evaluation.json"));
    }

    private static TinyRun rounds() {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder.resolve("rounds-model"), TinyBaseModel.bert(2)))
                .on(DeviceChoice.CPU, Precision.F32);
        tiny.totalSteps = 6;
        TinyRun run = new TinyRun(tiny);
        run.shards = SHARDS;
        // Rounding is drawn at random, and must be the same in any process and attempt.
        run.transfer = Transfer.INT8;
        run.optimizerState = OptimizerState.FACTORED;
        return run;
    }

    /** In every round the task of shard 1 fails once, and that of shard 0 begins when that of shard 1 has ended. */
    @Test
    void neitherTheOrderInWhichShardsArriveNorRetriesChangeABit() {
        Endings endings = new Endings();
        cluster.sparkContext().addSparkListener(endings);
        TinyRun run = rounds();
        String signals = folder.resolve("signals").toString();
        run.disturbance = batches -> lastShardFirst(batches, signals);

        TinyRun.Outcome disturbed = run.train(cluster);

        assertThat(disturbed.last().parameters())
                .containsExactly(undisturbed.last().parameters());
        assertThat(disturbed.last().optimizer())
                .containsExactly(undisturbed.last().optimizer());
        // Spark tells its listeners soon, not at once, of the tests before too.
        Awaitility.await().atMost(1, TimeUnit.MINUTES).untilAsserted(() -> assertThat(endings.byStage.values())
                .filteredOn(arrivals -> arrivals.contains("1 failed"))
                .hasSize(run.rounds().rounds())
                .allSatisfy(arrivals -> assertThat(arrivals).containsExactly("1 failed", "1", "0")));
        cluster.sparkContext().removeSparkListener(endings);
    }

    private static JavaRDD<Batch> lastShardFirst(JavaRDD<Batch> batches, String signals) {
        return batches.mapPartitionsWithIndex((shard, shardBatches) -> disturbed(shard, shardBatches, signals), true);
    }

    private static Iterator<Batch> disturbed(int shard, Iterator<Batch> batches, String signals) {
        TaskContext task = TaskContext.get();
        Path signal = Path.of(signals, "stage-" + task.stageId());
        if (shard == 0) {
            Awaitility.await().atMost(1, TimeUnit.MINUTES).until(() -> Files.exists(signal));
            return batches;
        }
        if (task.attemptNumber() == 0) {
            return new FailingHalfway(batches);
        }
        task.addTaskCompletionListener(ended -> {
            try {
                Files.createDirectories(signal);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return batches;
    }

    /** Batches of a task whose machine is lost after the first of them. */
    private static final class FailingHalfway implements Iterator<Batch> {
        private final Iterator<Batch> batches;
        private boolean begun;

        FailingHalfway(Iterator<Batch> batches) {
            this.batches = batches;
        }

        @Override
        public boolean hasNext() {
            if (begun) {
                throw new IllegalStateException("this attempt fails as the test wants it to");
            }
            return batches.hasNext();
        }

        @Override
        public Batch next() {
            begun = true;
            return batches.next();
        }
    }

    /** Shards in the order in which their tasks ended, by stage. */
    private static final class Endings extends SparkListener {
        private final Map<Integer, Queue<String>> byStage = new ConcurrentHashMap<>();

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            byStage.computeIfAbsent(end.stageId(), stage -> new ConcurrentLinkedQueue<>())
                    .add(end.taskInfo().index() + (end.taskInfo().successful() ? "" : " failed"));
        }
    }
}
