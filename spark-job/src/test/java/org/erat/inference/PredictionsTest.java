package org.erat.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.erat.adapter.Window;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TinyAdapters;
import org.erat.export.TrainedAdapter;
import org.junit.jupiter.api.Test;

class PredictionsTest extends InferenceTest {
    // Padding and softmax change the order of sums in f32: 1e-7 a step, a few steps deep.
    private static final double ROUNDING = 1e-5;

    private TinyData data() {
        return data(23);
    }

    private void predict(TrainedAdapter adapter, TokenizedDataset dataset, int rank, String file) {
        Predictions.write(
                spark,
                use(adapter, 3),
                dataset,
                Split.VALIDATION,
                rank,
                new org.apache.hadoop.fs.Path(folder.resolve(file).toUri()),
                line -> {});
    }

    private List<JsonNode> lines(String file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        try (Stream<String> lines = Files.lines(folder.resolve(file))) {
            return lines.map(line -> {
                        try {
                            return json.readTree(line);
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .toList();
        }
    }

    @Test
    void classesAreThoseOfTheGraphInTheOrderOfIds() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        predict(adapter, data.write(spark, adapter, folder.resolve("data"), 3), 2, "out/predictions.jsonl");

        double[][] direct = data.direct(adapter, new Window(0, 2), tiny.alpha / 2);
        List<JsonNode> lines = lines("out/predictions.jsonl");
        assertThat(lines).hasSize(data.size());
        for (int id = 0; id < lines.size(); id++) {
            JsonNode line = lines.get(id);
            assertThat(line.get("id").asInt()).isEqualTo(id);
            assertThat(line.get("label").asText()).isEqualTo("class " + data.label(id));
            int highest = 0;
            for (int c = 0; c < 3; c++) {
                assertThat(line.get("probabilities").get("class " + c).asDouble())
                        .isCloseTo(direct[id][c], within(ROUNDING));
                highest = direct[id][c] > direct[id][highest] ? c : highest;
            }
            assertThat(line.get("prediction").asText()).isEqualTo("class " + highest);
            assertThat(line.fieldNames()).toIterable().containsExactly("id", "prediction", "probabilities", "label");
        }
        try (Stream<Path> files = Files.list(folder.resolve("out"))) {
            assertThat(files).containsExactly(folder.resolve("out/predictions.jsonl"));
        }
    }

    @Test
    void numbersAreThoseOfTheGraph() throws IOException {
        tiny.regression();
        TrainedAdapter adapter = TinyAdapters.random(tiny, "pearson");
        TinyData data = data();
        predict(adapter, data.write(spark, adapter, folder.resolve("data"), 1), 4, "predictions.jsonl");

        double[][] direct = data.direct(adapter, new Window(0, 4), tiny.alpha / 4);
        List<JsonNode> lines = lines("predictions.jsonl");
        for (int id = 0; id < data.size(); id++) {
            assertThat(lines.get(id).get("prediction").asDouble()).isCloseTo(direct[id][0], within(ROUNDING));
            assertThat((float) lines.get(id).get("label").asDouble()).isEqualTo(data.number(id));
        }
    }

    @Test
    void aWordHasThePredictionOfItsFirstTokenAndOneThatWasCutAwayHasNone() throws IOException {
        tiny.task = TaskType.TOKEN_CLASSIFICATION;
        TrainedAdapter adapter = TinyAdapters.random(tiny, "token-accuracy");
        TinyData data = data();
        predict(adapter, data.write(spark, adapter, folder.resolve("data"), 2), 2, "predictions.jsonl");

        double[][] direct = data.direct(adapter, new Window(0, 2), tiny.alpha / 2);
        List<JsonNode> lines = lines("predictions.jsonl");
        for (int id = 0; id < data.size(); id++) {
            List<String> predictions = new ArrayList<>();
            List<String> labels = new ArrayList<>();
            int row = 0;
            for (int start : data.wordStarts(id)) {
                predictions.add(start < 0 ? null : adapter.labelNames().get(highest(direct[id], 3 * row++)));
                int label = start < 0 ? Targets.NONE : data.labels(id)[start];
                labels.add(label == Targets.NONE ? null : adapter.labelNames().get(label));
            }
            assertThat(lines.get(id).fieldNames()).toIterable().containsExactly("id", "predictions", "labels");
            assertThat(names(lines.get(id).get("predictions"))).isEqualTo(predictions);
            assertThat(names(lines.get(id).get("labels"))).isEqualTo(labels);
            assertThat(predictions).endsWith((String) null);
        }
    }

    private static int highest(double[] values, int from) {
        return IntStream.range(0, 3)
                .boxed()
                .max(Comparator.comparingDouble(c -> values[from + c]))
                .orElseThrow();
    }

    private static List<String> names(JsonNode array) {
        List<String> names = new ArrayList<>();
        array.forEach(name -> names.add(name.textValue()));
        return names;
    }

    @Test
    void anotherLayoutOfTheDataGivesTheSameBytesAndReplacesTheFile() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TinyData data = data();
        predict(adapter, data.write(spark, adapter, folder.resolve("one"), 1), 3, "predictions.jsonl");
        byte[] first = Files.readAllBytes(folder.resolve("predictions.jsonl"));
        Files.writeString(folder.resolve("predictions.jsonl"), "something old");
        predict(adapter, data.write(spark, adapter, folder.resolve("three"), 3), 3, "predictions.jsonl");
        assertThat(folder.resolve("predictions.jsonl")).hasBinaryContent(first);
    }

    @Test
    void aFolderIsNotReplacedByPredictions() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset = data().write(spark, adapter, folder.resolve("data"), 1);
        assertThatThrownBy(() -> predict(adapter, dataset, 3, "model"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("/model is there already and is something else");
    }

    @Test
    void aPlaceThatCannotBeWrittenIsRefusedBeforeTheModelRuns() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        TokenizedDataset dataset = data().write(spark, adapter, folder.resolve("data"), 1);
        // A run would stop at these first.
        deleteAll(folder.resolve("data/validation"));
        deleteAll(folder.resolve("model"));
        Files.writeString(folder.resolve("file"), "not a folder");
        assertThatThrownBy(() -> predict(adapter, dataset, 3, "file/below.jsonl"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("file/below.jsonl: cannot be written");
        assertThatThrownBy(() -> predict(adapter, dataset, 3, "data"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("/data is there already and is something else");
        assertThatThrownBy(() -> predict(adapter, dataset, 3, "new/predictions.jsonl"))
                .isInstanceOf(BadInputException.class);
        assertThat(folder.resolve("new")).doesNotExist();
    }

    @Test
    void adapterRankAndFileAreCheckedBeforeAnythingIsAskedOfTheText() throws IOException {
        TrainedAdapter adapter = TinyAdapters.random(tiny, "accuracy");
        assertTextIsNotAskedFor(adapter, 5, "p.jsonl", "Rank 5 is not in 1..4");
        assertTextIsNotAskedFor(adapter, 2, "p.tsv", "p.tsv ends in .tsv");
        tiny.task = TaskType.LANGUAGE_MODELING;
        assertTextIsNotAskedFor(
                TinyAdapters.random(tiny, "perplexity"), 2, "p.jsonl", "predicts the next token and no label");
    }

    private void assertTextIsNotAskedFor(TrainedAdapter adapter, int rank, String file, String message) {
        assertThatThrownBy(() -> Predictions.write(
                        spark,
                        use(adapter, 3),
                        () -> {
                            throw new AssertionError("asked too early");
                        },
                        rank,
                        new org.apache.hadoop.fs.Path(folder.resolve(file).toUri()),
                        line -> {}))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(message);
    }

    private static void deleteAll(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }
}
