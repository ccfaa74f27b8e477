package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.TaskType;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The estimate of an executor's memory beside the highest that Linux counts of one (VmHWM), with the project's own Spark
 * properties: twelve blocks of BERT-base's width on 8×128 tokens. Run by {@code -Pmemory}.
 */
@Tag("memory")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class MeasuredMemoryTest {
    private static final int EXAMPLES = 64;
    private static final int TOKENS = 128;
    private static final double TOLERANCE = 0.1;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void prepare() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        Architecture base = Architecture.encoder(
                "bert",
                TinyBaseModel.VOCABULARY,
                2,
                Positions.ofAllTokens(512),
                12,
                768,
                12,
                3072,
                Activation.GELU,
                1e-12,
                0);
        TinyBaseModel.write(folder.resolve("model"), base);
        Path text = Files.createDirectories(folder.resolve("text"));
        // Letters are tokens of their own, between two special ones.
        String sentence = "a ".repeat(TOKENS - 2).strip();
        StringBuilder table = new StringBuilder("sentence\tmood\n");
        for (int i = 0; i < EXAMPLES; i++) {
            table.append(sentence).append(i % 2 == 0 ? "\thappy\n" : "\tsad\n");
        }
        Files.writeString(text.resolve("train.tsv"), table);
        Files.writeString(text.resolve("dev.tsv"), table);
        TokenizationRequest request = new TokenizationRequest(
                TextTask.custom(TextFormat.TSV, true, "sentence", null, "mood", TaskType.CLASSIFICATION),
                text.toString(),
                folder.resolve("model").toString(),
                TinyBaseModel.VOCABULARY,
                TOKENS,
                folder.resolve("data").toString(),
                0.1,
                1,
                Optional.empty());
        try (SparkSession session = TestSpark.open("local[1]")) {
            Tokenization.prepare(session, request, line -> {});
        }
    }

    @ParameterizedTest
    @CsvSource({
        "f32, packed, kept, 2",
        "f32, plain, recomputed, 2",
        "f32, packed, 250m, 1",
        "bf16, packed, kept, 2",
        "bf16, packed, recomputed, 2",
        "bf16, plain, kept, 1"
    })
    void theEstimateIsWithinATenthOfThePeak(String precision, String weights, String activations, int tasks)
            throws IOException {
        JobConfig job = JobConfig.parse(
                """
                model.path = "%s"
                data.train = "%s"
                evaluation.prefixes = false
                training { shards = 2, batch-size = 8, local-steps = 2 }
                compute { precision = %s, weights = %s, activations = %s }
                """
                        .formatted(folder.resolve("model"), folder.resolve("data"), precision, weights, activations),
                "job.conf",
                List.of());
        SparkConf conf = properties();
        try (SparkSession session = TestSpark.open("local-cluster[1," + tasks + ",4096]", conf)) {
            new TrainingRun(session, job, Watching.toTheEnd())
                    .run(Files.createTempDirectory(folder, "run").resolve("run").toString(), false);
            double peak = peak(session);
            RunInputs inputs = RunInputs.of(session, job, TrainingData.open(session, job.data()));
            ExecutorMemory estimate = ExecutorMemory.of(
                    inputs.learner(job),
                    inputs.model().weightBytes(),
                    8,
                    TOKENS,
                    session.sparkContext().getConf());

            System.out.printf("peak %,.0f MB, estimate %,.0f MB: %s%n", peak / 1e6, estimate.peak() / 1e6, estimate);
            assertThat(estimate.peak() / peak).isCloseTo(1, within(TOLERANCE));
        }
    }

    /** Those of executors as the project sets them, with the least heap. */
    private static SparkConf properties() throws IOException {
        SparkConf conf = TestSpark.executors();
        for (String line : Files.readAllLines(Path.of("../conf/spark-defaults.conf"))) {
            if (line.startsWith("spark.executor")) {
                String[] property = line.split("\\s+", 2);
                conf.set(property[0], property[1].strip());
            }
        }
        return conf.set("spark.executor.memory", "512m");
    }

    private static double peak(SparkSession session) {
        return JavaSparkContext.fromSparkContext(session.sparkContext())
                .parallelize(List.of(0), 1)
                .map(task -> Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("VmHWM:"))
                        .mapToDouble(line -> 1024 * Double.parseDouble(line.replaceAll("\\D", "")))
                        .sum())
                .first();
    }
}
