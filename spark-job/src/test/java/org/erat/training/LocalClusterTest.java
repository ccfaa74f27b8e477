package org.erat.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.awaitility.Awaitility;
import org.erat.model.TinyBaseModel;
import org.erat.network.TinyEncoders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Executors in processes of their own, with Kryo between them: neither their number nor their pace changes a bit. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LocalClusterTest {
    private static final int SHARDS = 2;

    @TempDir
    private Path folder;

    @Test
    void executorsArrivalAndRetriesChangeNothing() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        TinyProject project;
        TinyRun.Outcome undisturbed;
        try (SparkSession oneCore = TestSpark.open("local[1]")) {
            project = TinyProject.prepare(oneCore, folder);
            submit(oneCore, project, "one core");
            undisturbed = rounds().train(oneCore);
        }
        try (SparkSession twoCores = TestSpark.open("local[2]")) {
            submit(twoCores, project, "two cores");
        }
        try (SparkSession cluster = TestSpark.open("local-cluster[2,1,1024]", TestSpark.executors())) {
            submit(cluster, project, "two executors");
            trainAgainstTheOrderOfShards(cluster, undisturbed);
        }

        Map<String, byte[]> expected = TinyProject.bytesOf(folder.resolve("one core/adapter"));
        assertThat(expected).containsKeys("adapter_model.safetensors", "head.safetensors");
        for (String other : List.of("two cores", "two executors")) {
            assertThat(TinyProject.bytesOf(folder.resolve(other).resolve("adapter")))
                    .as(other)
                    .containsExactlyInAnyOrderEntriesOf(expected);
            assertThat(folder.resolve(other).resolve("evaluation.json"))
                    .hasSameBinaryContentAs(folder.resolve("one core/evaluation.json"));
        }
    }

    private void submit(SparkSession session, TinyProject project, String name) {
        new TrainingJob(session, project.job(), Watching.toTheEnd())
                .run(folder.resolve(name).toString(), false);
    }

    private TinyRun rounds() {
        TinyEncoders tiny =
                new TinyEncoders(TinyBaseModel.write(folder.resolve("rounds-model"), TinyBaseModel.bert(2)));
        tiny.dataType = DataType.FLOAT;
        tiny.totalSteps = 6;
        TinyRun run = new TinyRun(tiny);
        run.shards = SHARDS;
        return run;
    }

    /** In every round the task of shard 1 fails once, and that of shard 0 begins when that of shard 1 has ended. */
    private void trainAgainstTheOrderOfShards(SparkSession cluster, TinyRun.Outcome undisturbed) {
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
        List<Queue<String>> arrivals =
                endings.byStage.values().stream().filter(q -> !q.isEmpty()).toList();
        assertThat(arrivals).hasSize(run.rounds().rounds()).allSatisfy(arrival -> assertThat(arrival)
                .containsExactly("1 failed", "1", "0"));
    }

    private static JavaRDD<MultiDataSet> lastShardFirst(JavaRDD<MultiDataSet> batches, String signals) {
        return batches.mapPartitionsWithIndex((shard, shardBatches) -> disturbed(shard, shardBatches, signals), true);
    }

    private static Iterator<MultiDataSet> disturbed(int shard, Iterator<MultiDataSet> batches, String signals) {
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
    private static final class FailingHalfway implements Iterator<MultiDataSet> {
        private final Iterator<MultiDataSet> batches;
        private boolean begun;

        FailingHalfway(Iterator<MultiDataSet> batches) {
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
        public MultiDataSet next() {
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
