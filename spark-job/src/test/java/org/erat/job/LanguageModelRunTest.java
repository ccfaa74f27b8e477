package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.tokenized.DatasetDescription;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.RankMetrics;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;
import org.erat.head.HeadSpec;
import org.erat.inference.AdapterUse;
import org.erat.inference.Predictions;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A language model from its data to a finished run: its head has no parameters, and its metrics are better the lower. */
class LanguageModelRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int RANK = 4;
    private static final int TRAINING_EXAMPLES = 48;
    private static final int ROUNDS = 12;

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TokenizedDataset data;
    private static RunOutcome outcome;
    private static Path whole;

    @TempDir
    private Path own;

    @BeforeAll
    static void train() {
        session = TestSpark.open("local[2]");
        TinyBaseModel model = TinyBaseModel.writeMasked(folder.resolve("model"), TinyBaseModel.bert(2));
        data = TokenizedDataset.of(
                new DatasetDescription(
                        "counting",
                        TaskType.LANGUAGE_MODELING,
                        List.of(),
                        List.of("perplexity", "loss"),
                        Sha256.of(model.directory().resolve("tokenizer.json"))),
                examples(TRAINING_EXAMPLES, 1),
                examples(10, 2));
        whole = folder.resolve("run");
        outcome = submit(whole, Watching.toTheEnd());
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    /** Each token follows from the one before. The first of a text is given and not predicted. */
    private static Dataset<Row> examples(int count, long seed) {
        Random random = new Random(seed);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] tokens = new int[3 + random.nextInt(9)];
            tokens[0] = 5 + random.nextInt(TinyBaseModel.VOCABULARY - 5);
            for (int t = 1; t < tokens.length; t++) {
                tokens[t] = 5 + (tokens[t - 1] + 2) % (TinyBaseModel.VOCABULARY - 5);
            }
            int[] labels = new int[tokens.length];
            Arrays.fill(labels, Targets.NONE);
            System.arraycopy(tokens, 1, labels, 0, tokens.length - 1);
            rows.add(RowFactory.create((long) i, tokens, new int[tokens.length], labels));
        }
        return session.createDataFrame(rows, TokenizedDataset.schema(TaskType.LANGUAGE_MODELING));
    }

    private static JobConfig job(String... overrides) {
        return JobConfig.parse(
                """
                model.path = "%s"
                data.train = none
                adapter { rank = %d, alpha = 8, targets = [query, key, value, attention-output, intermediate, output] }
                training { epochs = 4, shards = 2, batch-size = 4, local-steps = 2, learning-rate = 0.02 }
                training { label-smoothing = 0.1 }
                prefix.history-noise = 0.1
                checkpoint.every-rounds = 4
                """
                        .formatted(folder.resolve("model"), RANK),
                "job.conf",
                List.of(overrides));
    }

    private static RunOutcome submit(Path runDirectory, RunListener listener, String... overrides) {
        return new TrainingRun(session, job(overrides), TrainingData.of(data), listener)
                .run(runDirectory.toString(), false);
    }

    /** A learning rate at which the perplexity soon rises again. */
    @Test
    void measuredDuringTrainingItsBestRoundIsTheOneWithTheLowestPerplexity() throws IOException {
        submit(own, Watching.toTheEnd(), "evaluation.every-rounds=2", "training.learning-rate=0.5");

        double lowest = Double.POSITIVE_INFINITY;
        int best = 0;
        int measured = 0;
        for (String line : Files.readAllLines(own.resolve("metrics.jsonl"))) {
            JsonNode round = JSON.readTree(line);
            JsonNode validation = round.path("validation");
            if (validation.isMissingNode()) {
                continue;
            }
            measured++;
            assertThat(validation.path("metric").asText()).isEqualTo("perplexity");
            if (validation.path("mean").asDouble() < lowest) {
                lowest = validation.path("mean").asDouble();
                best = round.path("round").asInt();
            }
            assertThat(validation.path("best_round").asInt()).isEqualTo(best);
        }
        assertThat(measured).isEqualTo(ROUNDS / 2);
        JsonNode evaluation = JSON.readTree(own.resolve("evaluation.json").toFile());
        assertThat(evaluation.path("prefix").path(RANK).path("perplexity").asDouble())
                .isEqualTo(lowest);
    }

    @Test
    void theLossFallsAndPerplexityIsMeasuredAtEveryRankBesideTheBaseModel() throws IOException {
        List<String> metrics = Files.readAllLines(whole.resolve("metrics.jsonl"));
        assertThat(metrics).hasSize(ROUNDS);
        assertThat(JSON.readTree(metrics.get(ROUNDS - 1)).path("loss").asDouble())
                .isLessThan(0.97 * JSON.readTree(metrics.get(0)).path("loss").asDouble());

        Evaluation evaluation = outcome.evaluation().orElseThrow();
        assertThat(evaluation.prefixes().values()).allSatisfy(ranks -> {
            assertThat(ranks).extracting(RankMetrics::rank).containsExactly(0, 1, 2, 3, 4);
            assertThat(ranks).allSatisfy(at -> assertThat(at.value("perplexity"))
                    .isCloseTo(Math.exp(at.value("loss")), within(1e-9)));
            assertThat(ranks.get(RANK).value("loss")).isLessThan(ranks.get(0).value("loss"));
        });
        // The base model is the same in every order of the adapter's rows.
        assertThat(evaluation.prefixes().values().stream()
                        .map(ranks -> ranks.get(0))
                        .distinct())
                .hasSize(1);
        assertThat(Evaluation.parse(Files.readString(whole.resolve("evaluation.json")), "evaluation.json"))
                .isEqualTo(evaluation);
    }

    @Test
    void theRecommendedRankIsTheSmallestThatIsNotWorse() {
        Evaluation evaluation = outcome.evaluation().orElseThrow();
        var choice = evaluation.recommended().orElseThrow();
        double lowest = evaluation.prefixes().values().stream()
                .flatMap(List::stream)
                .mapToDouble(at -> at.value("perplexity"))
                .min()
                .orElseThrow();
        RankMetrics chosen = evaluation.prefixes().get(choice.order()).get(choice.rank());
        assertThat(choice.rank()).isPositive();
        assertThat(chosen.value("perplexity")).isLessThanOrEqualTo(lowest + choice.standardError());
        assertThat(evaluation.better(RANK)).isPresent();
    }

    @Test
    void theAdapterIsReadBackAndNamesNoHead() throws IOException {
        org.apache.hadoop.fs.Path adapter =
                new org.apache.hadoop.fs.Path(whole.resolve("adapter").toUri());
        TrainedAdapter read = AdapterFiles.read(adapter, new Configuration());
        assertThat(read.head().predictsTokens()).isTrue();
        assertThat(read.head().loss()).isEqualTo(HeadSpec.Loss.MASKED_TOKEN);
        assertThat(read.outputs()).isEqualTo(TinyBaseModel.VOCABULARY);
        assertThat(read.parameters()).hasSize((int) read.layout().length());
        assertThat(read.parameters()).containsExactly(outcome.adapter().parameters());
        assertThat(JSON.readTree(whole.resolve("adapter/adapter_config.json").toFile())
                        .path("target_modules"))
                .allSatisfy(module -> assertThat(module.asText()).startsWith("bert.encoder.layer."));
        assertThat(whole.resolve("adapter/README.md")).content().contains("AutoModelForMaskedLM");
        assertThatThrownBy(() -> Predictions.write(
                        session,
                        new AdapterUse(read, folder.resolve("model").toString(), job().compute(), 4),
                        data,
                        Split.VALIDATION,
                        RANK,
                        new org.apache.hadoop.fs.Path(own.resolve("predictions").toUri()),
                        line -> {}))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("predicts the next token and no label");
    }

    @Test
    void aRunThatIsKilledGoesOnToTheSameBits() {
        assertThatThrownBy(() -> submit(own, Watching.untilRound(7))).isInstanceOf(Watching.Killed.class);

        submit(own, Watching.toTheEnd());

        assertThat(TinyProject.bytesOf(own.resolve("adapter")))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(whole.resolve("adapter")));
        assertThat(own.resolve("evaluation.json")).hasSameBinaryContentAs(whole.resolve("evaluation.json"));
    }
}
