package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.erat.config.JobConfig;
import org.erat.config.Method;
import org.erat.config.RowOrder;
import org.erat.data.Sha256;
import org.erat.data.tokenized.DatasetDescription;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.model.ModelRuntime;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.factory.Nd4j;

/** A grid of experiments, or a notebook: run after run in one JVM, no two alike. */
class ManyRunsTest {
    private static final int RUNS = 50;

    /** More base models than a JVM keeps. */
    private static final int MODELS = 10;

    /** By then classes are loaded, and pools and caches are full. */
    private static final int WARM_UP = 20;

    /**
     * By how much the heap in use differs from one collection to another. What 30 runs would leave behind is more: of each
     * run parameters, state, its configuration and its figures, tens of kilobytes in all.
     */
    private static final long NOISE = 1 << 20;

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TrainingData data;

    @BeforeAll
    static void prepare() {
        // Spark keeps figures of jobs that are over: of few, so that these do not look like a leak.
        session = TestSpark.open(
                "local[2]",
                new SparkConf(false)
                        .set("spark.ui.retainedJobs", "5")
                        .set("spark.ui.retainedStages", "5")
                        .set("spark.ui.retainedTasks", "10")
                        .set("spark.sql.ui.retainedExecutions", "1"));
        for (int i = 0; i < MODELS; i++) {
            TinyBaseModel.write(model(i), TinyBaseModel.bert(1, 4 + 2 * i));
        }
        data = TrainingData.of(TokenizedDataset.of(
                new DatasetDescription(
                        "tiny",
                        TaskType.CLASSIFICATION,
                        List.of("even", "odd"),
                        List.of("accuracy"),
                        Sha256.of(model(0).resolve("tokenizer.json"))),
                rows(8),
                rows(4)));
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private static Path model(int i) {
        return folder.resolve("model " + i);
    }

    private static Dataset<Row> rows(int count) {
        StructType schema = TokenizedDataset.schema(TaskType.CLASSIFICATION);
        List<Row> rows = IntStream.range(0, count)
                .mapToObj(i -> RowFactory.create((long) i, new int[] {2, 5 + i, 3}, new int[3], i % 2))
                .toList();
        return session.createDataFrame(rows, schema).coalesce(1);
    }

    private static JobConfig job(int run) {
        List<Method> methods = List.of(Method.values());
        Method method = methods.get(run % methods.size());
        return JobConfig.parse(
                "model.path = \"" + model(run % MODELS) + "\"\ndata.train = \"not read\"",
                "job.conf",
                List.of(
                        "seed=" + run,
                        "method=" + method.name().toLowerCase(Locale.ROOT),
                        "adapter.rank=" + (1 + run % 3),
                        "training.batch-size=4"));
    }

    /** What this JVM holds when all that nobody uses any more is collected. */
    private record Held(long heap, int arrays, int threads, int cachedDatasets) {
        static Held now() throws InterruptedException, ReflectiveOperationException {
            Held least = once();
            for (int i = 0; i < 2; i++) {
                // Arrays of ND4J, and what Spark has cached, are freed by threads that the collector wakes.
                Thread.sleep(50);
                Held again = once();
                least = new Held(
                        Math.min(least.heap, again.heap),
                        Math.min(least.arrays, again.arrays),
                        Math.min(least.threads, again.threads),
                        Math.min(least.cachedDatasets, again.cachedDatasets));
            }
            return least;
        }

        private static Held once() throws ReflectiveOperationException {
            System.gc();
            Runtime jvm = Runtime.getRuntime();
            Map<?, ?> arrays = (Map<?, ?>) field(Nd4j.getDeallocatorService(), "referenceMap");
            return new Held(
                    jvm.totalMemory() - jvm.freeMemory(),
                    arrays.size(),
                    (int) Thread.getAllStackTraces().keySet().stream()
                            // Of pools of threads, which come and go with the load.
                            .filter(thread -> !(thread instanceof ForkJoinWorkerThread))
                            .count(),
                    session.sparkContext().getPersistentRDDs().size());
        }
    }

    private static Object field(Object of, String name) throws ReflectiveOperationException {
        Field field = (of instanceof Class<?> type ? type : of.getClass()).getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    @Test
    void fiftyRunsOfTenBaseModelsLeaveMemoryFlat() throws Exception {
        int processors = Runtime.getRuntime().availableProcessors();
        List<Held> held = new ArrayList<>();
        for (int run = 1; run <= RUNS; run++) {
            RunOutcome outcome = new TrainingRun(session, job(run), data, Watching.toTheEnd())
                    .run(folder.resolve("run " + run).toString(), false);

            assertThat(outcome.totals().examples()).isEqualTo(8);
            assertThat(outcome.evaluation().orElseThrow().prefixes().get(RowOrder.CANONICAL))
                    .hasSize(1 + run % 3);
            Collection<?> runtimes = (Collection<?>) field(ModelRuntime.class, "IDLE");
            assertThat(runtimes).as("runtimes that wait").hasSizeLessThanOrEqualTo(3 * processors);
            assertThat((Collection<?>) field(Class.forName("org.erat.dl4j.GraphPool"), "IDLE"))
                    .as("graphs that wait")
                    .hasSizeLessThanOrEqualTo(processors);
            // No task runs any more: base weights are those of runtimes that wait.
            assertThat(ModelRuntime.copiesOfWeights()).isBetween(1, runtimes.size());
            for (Object runtime : runtimes) {
                assertThat(((ModelRuntime) runtime).kernels().memory().outstanding())
                        .as("tensors that are not closed")
                        .isZero();
            }
            if (run == WARM_UP || run == RUNS) {
                held.add(Held.now());
            }
        }

        Held before = held.get(0);
        Held after = held.get(1);
        assertThat(after.heap()).isLessThan(before.heap() + NOISE);
        assertThat(after.arrays()).isLessThanOrEqualTo(before.arrays());
        assertThat(after.threads()).as("one of each run would be more").isLessThan(before.threads() + RUNS - WARM_UP);
        assertThat(after.cachedDatasets()).isZero();
    }
}
