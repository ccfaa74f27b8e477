package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.data.UsageException;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.inference.Predictions;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts with any number of labels, from their files to predictions. */
class MultiLabelRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> LABELS = List.of("cat", "dog", "film");
    private static final List<String> OTHERS = List.of("the", "sat", "ran", "very", "not", "a");
    private static final int RANK = 4;
    private static final int VALIDATION_EXAMPLES = 40;

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TokenizedDataset data;
    private static Path run;

    @BeforeAll
    static void trainAndMeasure() throws IOException {
        session = TestSpark.open("local[2]");
        TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(2));
        Files.createDirectories(folder.resolve("text"));
        Files.write(folder.resolve("text/train.jsonl"), rows(240, 1));
        Files.write(folder.resolve("text/dev.jsonl"), rows(VALIDATION_EXAMPLES, 2));
        prepare(TextFormat.JSONL, null, "text", "data");
        data = TokenizedDataset.open(session, folder.resolve("data").toString());
        run = folder.resolve("run");
        submit(run);
    }

    private static void prepare(TextFormat format, String separator, String from, String to) {
        Tokenization.prepare(
                session,
                new TokenizationRequest(
                        TextTask.multiLabel(format, true, "text", null, "labels", Optional.ofNullable(separator)),
                        folder.resolve(from).toString(),
                        folder.resolve("model").toString(),
                        TinyBaseModel.VOCABULARY,
                        16,
                        folder.resolve(to).toString(),
                        0.1,
                        1,
                        Optional.empty()),
                line -> {});
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    /** A text has the labels whose words are in it. */
    private static List<String> rows(int count, long seed) {
        Random random = new Random(seed);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            TreeSet<String> labels = new TreeSet<>();
            List<String> words = new ArrayList<>();
            for (int w = 0; w < 4; w++) {
                boolean labelled = random.nextInt(3) == 0;
                List<String> of = labelled ? LABELS : OTHERS;
                String word = of.get(random.nextInt(of.size()));
                words.add(word);
                if (labelled) {
                    labels.add(word);
                }
            }
            try {
                rows.add("{\"text\": \"" + String.join(" ", words) + "\", \"labels\": "
                        + JSON.writeValueAsString(labels) + "}");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return rows;
    }

    private static JobConfig job(String... overrides) {
        return JobConfig.parse(
                """
                model.path = "%s"
                data.train = "%s"
                adapter { rank = %d, alpha = 8, targets = [query, key, value, attention-output, intermediate, output] }
                training { epochs = 8, shards = 2, batch-size = 8, local-steps = 8, learning-rate = 0.02 }
                evaluation.every-rounds = 4
                """
                        .formatted(folder.resolve("model"), folder.resolve("data"), RANK),
                "job.conf",
                List.of(overrides));
    }

    private static void submit(Path runDirectory, String... overrides) {
        new TrainingRun(session, job(overrides), Watching.toTheEnd()).run(runDirectory.toString(), false);
    }

    private static AdapterUse use() {
        TrainedAdapter adapter = AdapterFiles.read(
                new org.apache.hadoop.fs.Path(run.resolve("adapter").toUri()), new Configuration());
        return new AdapterUse(adapter, folder.resolve("model").toString(), job().compute(), 8);
    }

    private static List<JsonNode> predicted(AdapterUse use, String name) throws IOException {
        Path file = folder.resolve(name);
        Predictions.write(
                session, use, data, Split.VALIDATION, RANK, new org.apache.hadoop.fs.Path(file.toUri()), line -> {});
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    @Test
    void itsManifestNamesTheTaskTheLabelsAndTheirMetrics() {
        assertThat(data.manifest().type()).isEqualTo(TaskType.MULTI_LABEL_CLASSIFICATION);
        assertThat(data.manifest().labelNames()).isEqualTo(LABELS);
        assertThat(data.manifest().metrics()).containsExactly("micro-f1", "macro-f1");
    }

    /** An array of Parquet and a cell of CSV, with texts without labels among them. */
    @Test
    void labelsAreTheSameInEveryFormat() throws IOException {
        for (String split : List.of("train", "dev")) {
            session.read()
                    .json(folder.resolve("text/" + split + ".jsonl").toString())
                    .coalesce(1)
                    .write()
                    .parquet(folder.resolve("parquet/" + split).toString());
            List<String> csv = new ArrayList<>(List.of("text,labels"));
            for (String line : Files.readAllLines(folder.resolve("text/" + split + ".jsonl"))) {
                JsonNode row = JSON.readTree(line);
                csv.add(row.path("text").asText() + "," + String.join("|", texts(row.path("labels"))));
            }
            Files.createDirectories(folder.resolve("csv"));
            Files.write(folder.resolve("csv/" + split + ".csv"), csv);
        }
        prepare(TextFormat.PARQUET, null, "parquet", "of parquet");
        prepare(TextFormat.CSV, "|", "csv", "of csv");
        for (String other : List.of("of parquet", "of csv")) {
            assertThat(TokenizedDataset.open(session, folder.resolve(other).toString())
                            .manifest()
                            .contentSha256())
                    .as(other)
                    .isEqualTo(data.manifest().contentSha256());
        }
    }

    /**
     * Two blocks of width 8 learn little. They do better than naming all labels of every text, the best that can be said
     * without reading it: with p labels present of all that could be, its micro F1 is 2p/(1 + p).
     */
    @Test
    void itLearnsWhichLabelsATextHasAndMeasuresThatDuringTrainingToo() throws IOException {
        JsonNode evaluation = JSON.readTree(run.resolve("evaluation.json").toFile());
        assertThat(evaluation.path("metric").asText()).isEqualTo("micro-f1");
        double best = evaluation.path("prefix").path(RANK - 1).path("micro-f1").asDouble();
        double present = 0;
        for (String line : Files.readAllLines(folder.resolve("text/dev.jsonl"))) {
            present += JSON.readTree(line).path("labels").size() / (double) (LABELS.size() * VALIDATION_EXAMPLES);
        }
        assertThat(best).isGreaterThan(2 * present / (1 + present));
        assertThat(run.resolve("metrics.jsonl")).content().contains("\"validation\":{\"metric\":\"micro-f1\"");
        assertThat(run.resolve("report.html")).content().contains("Labels by F1, the worst first", "precision");
    }

    /** Micro F1 of the predictions by plain counting. */
    @Test
    void predictionsAreTheLabelsAboveTheThresholdAndGiveTheMeasuredF1() throws IOException {
        List<JsonNode> rows = predicted(use(), "half.jsonl");
        assertThat(rows).hasSize(VALIDATION_EXAMPLES);
        int both = 0;
        int either = 0;
        for (JsonNode row : rows) {
            List<String> predictions = texts(row.path("predictions"));
            List<String> above = new ArrayList<>();
            LABELS.forEach(label -> {
                if (row.path("probabilities").path(label).asDouble() >= 0.5) {
                    above.add(label);
                }
            });
            assertThat(predictions).isEqualTo(above);
            List<String> labels = texts(row.path("labels"));
            either += predictions.size() + labels.size();
            predictions.retainAll(labels);
            both += predictions.size();
        }
        JsonNode evaluation = JSON.readTree(run.resolve("evaluation.json").toFile());
        assertThat(2.0 * both / either)
                .isEqualTo(evaluation
                        .path("prefix")
                        .path(RANK - 1)
                        .path("micro-f1")
                        .asDouble());
    }

    @Test
    void aHigherThresholdPredictsFewerLabelsOfTheSameProbabilities() throws IOException {
        List<JsonNode> half = predicted(use(), "again.jsonl");
        List<JsonNode> high = predicted(use().withThreshold(0.999), "high.jsonl");
        int fewer = 0;
        for (int i = 0; i < half.size(); i++) {
            assertThat(high.get(i).path("probabilities")).isEqualTo(half.get(i).path("probabilities"));
            assertThat(texts(half.get(i).path("predictions")))
                    .containsAll(texts(high.get(i).path("predictions")));
            fewer += half.get(i).path("predictions").size()
                    - high.get(i).path("predictions").size();
        }
        assertThat(fewer).isPositive();
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(each -> texts.add(each.asText()));
        return texts;
    }

    @Test
    void predictionsAsCsvHaveListsAndAColumnForEachProbability() {
        Path file = folder.resolve("out.csv");
        Predictions.write(
                session, use(), data, Split.VALIDATION, RANK, new org.apache.hadoop.fs.Path(file.toUri()), line -> {});
        assertThat(file)
                .content()
                .startsWith("id,predictions,probability_cat,probability_dog,probability_film,labels\n");
    }

    @Test
    void classesThatAreNotExclusiveHaveNoWeights() {
        assertThatThrownBy(() -> submit(folder.resolve("weighed"), "training.class-weights=balanced"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("training.class-weights is balanced");
    }
}
