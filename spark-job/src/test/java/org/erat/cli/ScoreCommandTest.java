package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    @BeforeEach
    void writeTexts() throws IOException {
        Files.writeString(folder.resolve("r.txt"), "the red car\n\nthe blue sky\n");
        Files.writeString(folder.resolve("h.txt"), "the red car\nthe blue sky\n");
    }

    private int score(String... options) {
        String[] files = {
            "score",
            "--references",
            folder.resolve("r.txt").toString(),
            "--hypotheses",
            folder.resolve("h.txt").toString()
        };
        String[] args = Stream.of(files, options).flatMap(Stream::of).toArray(String[]::new);
        return Main.run(
                (command, progress) -> command.work(new Progress(System.err, line -> line)),
                new PrintWriter(out),
                new PrintWriter(err),
                args);
    }

    @Test
    void scoresGoToStandardOutput() {
        assertThat(score()).isZero();
        assertThat(out.toString())
                .contains("BLEU-4     1.0000\n", "ROUGE-L    1.0000\n")
                .doesNotContain("METEOR");
    }

    @Test
    void jsonHasTheMetricsByName() throws IOException {
        assertThat(score("--format", "json")).isZero();
        JsonNode scores = new ObjectMapper().readTree(out.toString());
        assertThat(scores.get("segments").asInt()).isEqualTo(2);
        assertThat(scores.get("rouge_l").asDouble()).isEqualTo(1);
        assertThat(scores.fieldNames())
                .toIterable()
                .containsExactly("segments", "references", "bleu", "nist", "nist_python", "rouge_l", "cider");
    }

    @Test
    void badInputAndBadOptionsHaveTheirExitCodes() throws IOException {
        assertThat(score("--format", "xml")).isEqualTo(2);
        assertThat(err.toString()).contains("--format xml is neither text nor json");
        assertThat(score("--meteor-data", folder.toString())).isEqualTo(3);
        assertThat(err.toString()).contains("has neither english.words nor english.words.gz");
        Files.writeString(folder.resolve("h.txt"), "one\n");
        assertThat(score()).isEqualTo(3);
    }
}
