package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user's own words with a label each, from the text to an exported adapter. */
class TokenClassificationTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> WORDS = List.of("the", "cat", "sat", "very", "good", "film", "abc");
    private static final int ROWS = 16;

    @TempDir
    private Path folder;

    @BeforeAll
    static void chooseSpark() {
        TinyCommands.onTwoCores();
    }

    @AfterAll
    static void forgetSpark() {
        TinyCommands.forgetSpark();
    }

    /** Cats and films are entities. */
    private static void write(Path file, long seed) throws IOException {
        Random random = new Random(seed);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            List<String> words = new ArrayList<>();
            List<String> labels = new ArrayList<>();
            for (int w = 0; w < 2 + i % 4; w++) {
                String word = WORDS.get(random.nextInt(WORDS.size()));
                words.add(word);
                labels.add(word.equals("cat") || word.equals("film") ? "B-" + word : "O");
            }
            lines.add(JSON.writeValueAsString(
                    JSON.createObjectNode().putPOJO("tokens", words).putPOJO("tags", labels)));
        }
        Files.write(file, lines);
    }

    @Test
    void wordsAreLabelledByEveryCommand() throws IOException {
        TinyProject project = TinyCommands.write(folder);
        Path text = Files.createDirectory(folder.resolve("words"));
        write(text.resolve("train.jsonl"), 1);
        write(text.resolve("dev.jsonl"), 2);
        Path run = folder.resolve("run");

        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format jsonl --words tokens --labels tags --type token-classification --input",
                text,
                "--model",
                project.model(),
                "--out",
                project.data()));
        TinyCommands.shown(TinyCommands.train(project, "run"));
        assertThat(TinyCommands.shown(TinyCommands.words("evaluate --run-dir", run, "--data", project.data())))
                .anyMatch(line -> line.contains("entity-f1") && line.contains("token-accuracy"));
        Path predictions = folder.resolve("predictions.jsonl");
        TinyCommands.shown(
                TinyCommands.words("predict --rank 4 --run-dir", run, "--data", project.data(), "--out", predictions));
        Path ofText = folder.resolve("of-text.jsonl");
        TinyCommands.shown(TinyCommands.words(
                "predict --rank 4 --run-dir", run, "--input", text.resolve("dev.jsonl"), "--keep tags --out", ofText));
        Path adapter = folder.resolve("adapter");
        TinyCommands.shown(TinyCommands.words("export --rank 2 --run-dir", run, "--out", adapter));

        List<String> given = Files.readAllLines(text.resolve("dev.jsonl"));
        List<String> predicted = Files.readAllLines(predictions);
        assertThat(predicted).hasSize(ROWS);
        for (int i = 0; i < ROWS; i++) {
            JsonNode line = JSON.readTree(predicted.get(i));
            JsonNode labels = JSON.readTree(given.get(i)).path("tags");
            assertThat(line.path("words")).isEqualTo(JSON.readTree(given.get(i)).path("tokens"));
            assertThat(line.path("labels")).isEqualTo(labels);
            // Without preparation, and with a column of the input.
            JsonNode same = JSON.readTree(Files.readAllLines(ofText).get(i));
            assertThat(same.fieldNames()).toIterable().containsExactly("tags", "words", "predictions");
            assertThat(same.path("tags")).isEqualTo(labels);
            assertThat(same.path("words")).isEqualTo(line.path("words"));
            assertThat(same.path("predictions")).isEqualTo(line.path("predictions"));
            assertThat(line.path("predictions")).hasSameSizeAs(labels).allSatisfy(label -> assertThat(label.asText())
                    .isIn("O", "B-cat", "B-film"));
        }
        assertThat(JSON.readTree(adapter.resolve("adapter_config.json").toFile())
                        .path("task_type")
                        .asText())
                .isEqualTo("TOKEN_CLS");
    }
}
